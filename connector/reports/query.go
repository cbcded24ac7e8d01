// Package reports reads the account's statistics as daily reports: one query per
// report and period of days.
package reports

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Report is a query of the account's statistics that is made for every day.
type Report struct {
	// Name tells its rows from those of other reports. It is unique.
	Name string
	// Scope is what is counted. TimeDimension is the timestamp by which a row
	// belongs to a day, Measures are the numbers, Dimensions tell rows apart.
	Scope, TimeDimension string
	Measures, Dimensions []string
	// Filters leave out what is not counted.
	Filters []Filter
	// Zone is the time zone of the days.
	Zone *time.Location
}

// A Filter is a condition that everything counted meets. Its JSON is the API's.
type Filter struct {
	Member   string   `json:"member"`   // such as channel
	Operator string   `json:"operator"` // one of Operators
	Values   []string `json:"values"`   // ids are digits: the definitions of metrics write them in quotation marks, too
}

// Operators are the published operators of filters.
var Operators = []string{"one-of", "not-one-of", "all-of", "contains", "set", "afterDate", "beforeDate", "inDateRange"}

// A Scope is a subject of reports.
type Scope struct {
	Name, TimeDimension string
	Measures            []string // the default of a report that names none
	Dimensions          []string // the published ones
	Filter              string   // the member by which a report must filter; "" if none
}

// Scopes are the published subjects, with values from the API's reference: it
// rejects all others. It may offer further scopes.
func Scopes() []Scope {
	tickets := []string{"ticketId", "agentId", "channel", "integrationId", "storeId"}
	of := func(names string) []string { return strings.Fields(names) }
	scope := func(name, timeDimension, measures string, dimensions []string) Scope {
		return Scope{Name: name, TimeDimension: timeDimension, Measures: of(measures), Dimensions: dimensions}
	}
	with := func(more string) []string { return slices.Concat(tickets, of(more)) }
	event := func(name, measures, dimensions string) Scope {
		return scope(name, "eventDatetime", measures, of(dimensions))
	}
	return []Scope{
		scope("tickets-created", "createdDatetime", "ticketCount", tickets),
		scope("tickets-closed", "closedDatetime", "ticketCount", tickets),
		scope("tickets-open", "createdDatetime", "ticketCount", tickets),
		scope("tickets-replied", "createdDatetime", "ticketCount", tickets),
		scope("one-touch-tickets", "closedDatetime", "ticketCount", tickets),
		scope("zero-touch-tickets", "closedDatetime", "ticketCount", tickets),
		scope("satisfaction-surveys", "createdDatetime", "averageSurveyScore scoredSurveysCount responseRate", with("surveyScore")),
		scope("resolution-time", "createdDatetime", "medianResolutionTime", with("resolutionTime")),
		scope("first-response-time", "firstAgentMessageDatetime", "medianFirstResponseTime", with("firstResponseTime")),
		scope("human-first-response-time", "firstAgentMessageDatetime", "medianFirstResponseTime", with("firstResponseTime")),
		scope("response-time", "createdDatetime", "medianResponseTime", tickets),
		scope("messages-sent", "sentDatetime", "messagesCount", tickets),
		scope("messages-received", "sentDatetime", "messagesCount", tickets),
		scope("messages-per-ticket", "createdDatetime", "averageMessagesCount", with("messagesCount")),
		scope("ticket-handle-time", "createdDatetime", "averageHandleTime", with("handleTime")),
		scope("workload-tickets", "createdDatetime", "ticketCount", of("ticketId channel")),
		scope("tags", "timestamp", "ticketCount", with("tagId")),
		{Name: "ticket-fields", TimeDimension: "updatedDatetime", Measures: of("ticketCount"), Dimensions: of("customFieldValue"), Filter: "customFieldId"},
		scope("ticket-sla", "anchorDatetime", "ticketCount", of("status channel")),
		scope("auto-qa", "closedDatetime", "averageResolutionCompletenessScore averageCommunicationSkillsScore averageLanguageProficiencyScore "+
			"averageAccuracyScore averageEfficiencyScore averageInternalComplianceScore averageBrandVoiceScore ticketCount", with("ticketQAScorerUserId")),
		scope("knowledge-insights", "createdDatetime", "averageSurveyScore ticketCount interactionsCount",
			of("ticketId resourceType resourceSourceId resourceSourceSetId resourceVersion customFieldTop2LevelsValue createdDatetime")),

		// The reference leaves the time dimension of these open: it allows any.
		scope("online-time", "createdDatetime", "onlineTime", of("agentId")),
		scope("voice-calls", "createdDatetime", "voiceCallsCount averageTalkTimeInSeconds averageWaitTimeInSeconds",
			of("agentId integrationId queueId customerId ticketId status displayStatus callDirection")),
		scope("voice-agent-events", "createdDatetime", "voiceCallsCount",
			of("agentId assignedAgentId integrationId customerId ticketId status displayStatus callDirection transferType")),
		scope("voice-calls-summary", "createdDatetime", "averageTalkTimeInSeconds averageWaitTimeInSeconds", nil),

		event("overall-automated-interactions", "automatedInteractionsCount", "automationFeatureType orderManagementType flowId channel storeIntegrationId"),
		event("overall-automation-rate", "automationRate", "automationFeatureType channel storeIntegrationId aiAgentRole orderManagementType flowId"),
		event("overall-time-saved-by-agent", "averageTimeSavedByAgent medianTimeSavedByAgent", "channel automationFeatureType orderManagementType flowId storeIntegrationId ticketId"),
		event("overall-decrease-in-resolution-time", "averageDecreaseInResolutionTime medianDecreaseInResolutionTime",
			"channel automationFeatureType orderManagementType flowId storeIntegrationId ticketId resolutionTime"),
		event("overall-decrease-in-first-response-time", "averageDecreaseInFirstResponseTime medianDecreaseInFirstResponseTime",
			"channel automationFeatureType orderManagementType flowId storeIntegrationId ticketId firstResponseTime"),
		event("ai-agent-automated-interactions", "automatedInteractionsCount", "aiAgentRole engagementType channel storeIntegrationId aiIntentCustomField ticketId"),
		event("ai-agent-time-saved", "averageTimeSavedByAgent medianTimeSavedByAgent", "channel aiAgentRole storeIntegrationId ticketId engagementType"),
		event("ai-agent-decrease-in-resolution-time", "averageDecreaseInResolutionTime medianDecreaseInResolutionTime",
			"channel aiAgentRole storeIntegrationId ticketId resolutionTime aiIntentCustomField"),
		event("ai-agent-decrease-in-first-response-time", "averageDecreaseInFirstResponseTime medianDecreaseInFirstResponseTime",
			"channel aiAgentRole engagementType storeIntegrationId ticketId firstResponseTime aiIntentCustomField"),
		event("ai-agent-coverage-rate", "coverageRate", "channel ticketId aiAgentRole aiIntentCustomField"),
		event("ai-agent-success-rate", "successRate aiAgentTicketVolume",
			"channel ticketId aiAgentRole storeIntegrationId engagementType aiIntentCustomField resourceSourceId resourceSourceSetId"),
		event("ai-agent-csat", "averageCSAT medianCSAT", "channel ticketId aiAgentRole storeIntegrationId engagementType surveyScore resourceSourceId resourceSourceSetId"),
		event("ai-agent-ticket-fields", "ticketCount", "aiAgentRole aiOutcomeCustomField channel storeIntegrationId ticketId"),
		event("handover-interactions", "handoverInteractionsCount",
			"automationFeatureType aiAgentRole engagementType channel storeIntegrationId aiIntentCustomField ticketId orderManagementType resourceSourceId resourceSourceSetId"),
		event("flow-dataset", "dropOffCount handoverInteractionsCount", "channel flowId storeIntegrationId"),
		event("ai-sales-agent-orders-performance", "ordersInfluencedCount totalSalesAmount totalSalesAmountUsd averageOrderValue medianOrderValue averagePurchaseTime medianPurchaseTime",
			"channel currency storeIntegrationId engagementType ticketId orderId totalAmount purchaseTime"),
		event("ai-sales-agent-discounts", "offeredDiscountCodesCount appliedDiscountCodesCount averageDiscountAmount medianDiscountAmount discountUsage",
			"channel currency storeIntegrationId engagementType ticketId discountAmount discountCodeOffered discountCodeUsed"),
		event("ai-sales-agent-activity", "revenuePerInteraction recommendedProductCount timesRecommended",
			"channel storeIntegrationId ticketId engagementType attributedRevenue productRecommended productId productVariantIds"),
		event("ai-sales-agent-buy-through-rate", "buyThroughRate productBuyThroughRate",
			"channel storeIntegrationId engagementType ticketId productRecommended boughtProducts productId"),
		event("ai-sales-agent-conversion-rate", "conversionRate", "channel storeIntegrationId engagementType ticketId aiIntentCustomField"),
	}
}

// Standard is the name that stands for the reports of StandardReports where a scope
// is expected.
const Standard = "standard"

// StandardReports are what most teams compare from day to day, as scopes and
// dimensions: each of the usual numbers of the account, and those of agents and channels.
func StandardReports() [][2]string {
	return [][2]string{
		{"tickets-created", ""}, {"tickets-closed", ""}, {"tickets-replied", ""}, {"one-touch-tickets", ""}, {"zero-touch-tickets", ""},
		{"first-response-time", ""}, {"resolution-time", ""}, {"response-time", ""}, {"messages-sent", ""}, {"messages-received", ""},
		{"messages-per-ticket", ""}, {"ticket-handle-time", ""}, {"satisfaction-surveys", ""},
		{"tickets-created", "channel"}, {"tickets-closed", "agentId"}, {"messages-sent", "agentId"}, {"satisfaction-surveys", "agentId"}, {"tags", "tagId"},
	}
}

// CanonicalQuery identifies what a report queries, in whatever order the
// configuration lists it.
func (r *Report) CanonicalQuery() string {
	filters := make([]string, len(r.Filters))
	for i, f := range r.Filters {
		filters[i] = fmt.Sprintf("%q %q %q", f.Member, f.Operator, slices.Sorted(slices.Values(f.Values))) //rule:filters-make-another-report
	}
	return fmt.Sprintf("%q", [][]string{{r.Scope, r.TimeDimension, r.Zone.String()},
		slices.Sorted(slices.Values(r.Measures)), slices.Sorted(slices.Values(r.Dimensions)), slices.Sorted(slices.Values(filters))})
}

// id identifies a report in a bookmark. If anything of it changes, it is another
// report.
func (r *Report) id() string {
	sum := sha256.Sum256([]byte(r.Name + r.CanonicalQuery()))
	return fmt.Sprintf("%x", sum[:6])
}

// body is the query for the days from one up to, and without, another.
func (r *Report) body(from, before day) []byte {
	type bucket struct {
		Dimension   string `json:"dimension"`
		Granularity string `json:"granularity"`
	}
	type query struct {
		Scope      string   `json:"scope"`
		Filters    []Filter `json:"filters"`
		Timezone   string   `json:"timezone"`
		Dimensions []string `json:"dimensions,omitempty"`
		Measures   []string `json:"measures"`
		Buckets    []bucket `json:"time_dimensions"`
	}
	body, _ := json.Marshal(map[string]query{"query": {r.Scope, append([]Filter{ // strings can always be written
		{"periodStart", "afterDate", []string{from.String()}},
		{"periodEnd", "beforeDate", []string{before.String()}},
	}, r.Filters...), r.Zone.String(), r.Dimensions, r.Measures, []bucket{{r.TimeDimension, "day"}}}})
	return body
}

// EntryLabel names an element of a list of the configuration in messages.
func EntryLabel(i int) string { return fmt.Sprintf("entry %d", i+1) }
