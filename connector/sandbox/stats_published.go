package sandbox

import (
	"slices"
	"strings"
)

// published are the values that the API's reference allows in a query, by scope: time
// dimensions, the usual one first, then measures, then dimensions. A query with any other
// value is rejected. "any" are all time dimensions, "T" the usual dimensions of tickets.
const published = `
tickets-created | createdDatetime periodStart | ticketCount | T
tickets-open | createdDatetime periodStart | ticketCount | T
tickets-closed | closedDatetime createdDatetime periodStart | ticketCount | T
tickets-replied | createdDatetime sentDatetime periodStart | ticketCount | T
one-touch-tickets | closedDatetime createdDatetime periodStart | ticketCount | T
zero-touch-tickets | closedDatetime createdDatetime periodStart | ticketCount | T
satisfaction-surveys | createdDatetime sentDatetime periodStart | averageSurveyScore scoredSurveysCount responseRate satisfactionScore sentSurveysCount | T surveyScore
resolution-time | createdDatetime closedDatetime periodStart | medianResolutionTime averageResolutionTime | T resolutionTime
first-response-time | firstAgentMessageDatetime createdDatetime periodStart | medianFirstResponseTime averageFirstResponseTime | T firstResponseTime
human-first-response-time | firstAgentMessageDatetime createdDatetime periodStart | medianFirstResponseTime averageFirstResponseTime | T firstResponseTime
response-time | createdDatetime periodStart | medianResponseTime | T
messages-sent | sentDatetime periodStart | messagesCount | T
messages-received | sentDatetime periodStart | messagesCount | T
messages-per-ticket | createdDatetime closedDatetime periodStart | averageMessagesCount | T messagesCount
ticket-handle-time | createdDatetime closedDatetime periodStart | averageHandleTime handleTime | T handleTime
workload-tickets | createdDatetime any | ticketCount | ticketId channel
tags | timestamp | ticketCount | T tagId
ticket-fields | updatedDatetime | ticketCount | customFieldValue
ticket-sla | anchorDatetime createdDatetime periodStart | ticketCount slaAchievementRate | status channel
auto-qa | closedDatetime any | averageResolutionCompletenessScore averageCommunicationSkillsScore averageLanguageProficiencyScore averageAccuracyScore averageEfficiencyScore averageInternalComplianceScore averageBrandVoiceScore ticketCount | T ticketQAScorerUserId
knowledge-insights | createdDatetime any | averageSurveyScore ticketCount interactionsCount | ticketId resourceType resourceSourceId resourceSourceSetId resourceVersion customFieldTop2LevelsValue createdDatetime
online-time | any | onlineTime | agentId
voice-calls | any | voiceCallsCount averageTalkTimeInSeconds averageWaitTimeInSeconds inboundCallsCount outboundCallsCount inboundAnsweredCallsCount inboundUnansweredCallsCount inboundMissedCallsCount inboundAbandonedCallsCount inboundCancelledCallsCount inboundCallbackRequestedCallsCount slaAchievementRate breachedExposures achievedExposures | agentId filteringAgentId integrationId queueId queueName customerId ticketId createdDatetime status displayStatus duration source destination callDirection talkTime waitTime voicemailAvailable voicemailUrl callRecordingAvailable callRecordingUrl isPossibleSpam callSlaStatus callSlaStatusLabel
voice-agent-events | any | voiceCallsCount | agentId assignedAgentId integrationId customerId ticketId createdDatetime status displayStatus duration source destination callDirection transferType transferTargetAgentId transferTargetExternalNumber transferTargetQueueId voicemailAvailable voicemailUrl callRecordingAvailable callRecordingUrl
voice-calls-summary | any | inboundVoiceCallsCount outboundVoiceCallsCount answeredVoiceCallsCount cancelledVoiceCallsCount abandonedVoiceCallsCount missedVoiceCallsCount unansweredVoiceCallsCount callbackRequestedVoiceCallsCount averageTalkTimeInSeconds averageWaitTimeInSeconds slaAchievementRate breachedExposures achievedExposures | agentId integrationId queueId
overall-automated-interactions | eventDatetime | automatedInteractionsCount | automationFeatureType orderManagementType flowId channel storeIntegrationId
overall-automation-rate | eventDatetime | automationRate | automationFeatureType channel storeIntegrationId aiAgentRole orderManagementType flowId
overall-time-saved-by-agent | eventDatetime | averageTimeSavedByAgent medianTimeSavedByAgent | channel automationFeatureType orderManagementType flowId storeIntegrationId ticketId
overall-decrease-in-resolution-time | eventDatetime | averageDecreaseInResolutionTime medianDecreaseInResolutionTime | channel automationFeatureType orderManagementType flowId storeIntegrationId ticketId resolutionTime
overall-decrease-in-first-response-time | eventDatetime | averageDecreaseInFirstResponseTime medianDecreaseInFirstResponseTime | channel automationFeatureType orderManagementType flowId storeIntegrationId ticketId firstResponseTime
ai-agent-automated-interactions | eventDatetime | automatedInteractionsCount | aiAgentRole engagementType channel storeIntegrationId aiIntentCustomField ticketId
ai-agent-time-saved | eventDatetime | averageTimeSavedByAgent medianTimeSavedByAgent | channel aiAgentRole storeIntegrationId ticketId engagementType
ai-agent-decrease-in-resolution-time | eventDatetime | averageDecreaseInResolutionTime medianDecreaseInResolutionTime | channel aiAgentRole storeIntegrationId ticketId resolutionTime aiIntentCustomField
ai-agent-decrease-in-first-response-time | eventDatetime | averageDecreaseInFirstResponseTime medianDecreaseInFirstResponseTime | channel aiAgentRole engagementType storeIntegrationId ticketId firstResponseTime aiIntentCustomField
ai-agent-coverage-rate | eventDatetime | coverageRate | channel ticketId aiAgentRole aiIntentCustomField
ai-agent-success-rate | eventDatetime | successRate aiAgentTicketVolume | channel ticketId aiAgentRole storeIntegrationId engagementType aiIntentCustomField resourceSourceId resourceSourceSetId
ai-agent-csat | eventDatetime | averageCSAT medianCSAT | channel ticketId aiAgentRole storeIntegrationId engagementType surveyScore resourceSourceId resourceSourceSetId
ai-agent-ticket-fields | eventDatetime | ticketCount | aiAgentRole aiOutcomeCustomField channel storeIntegrationId ticketId
handover-interactions | eventDatetime | handoverInteractionsCount | automationFeatureType aiAgentRole engagementType channel storeIntegrationId aiIntentCustomField ticketId orderManagementType resourceSourceId resourceSourceSetId
flow-dataset | eventDatetime | dropOffCount handoverInteractionsCount | channel flowId storeIntegrationId
ai-sales-agent-orders-performance | eventDatetime | ordersInfluencedCount totalSalesAmount totalSalesAmountUsd averageOrderValue medianOrderValue averagePurchaseTime medianPurchaseTime | channel currency storeIntegrationId engagementType ticketId orderId totalAmount purchaseTime
ai-sales-agent-discounts | eventDatetime | offeredDiscountCodesCount appliedDiscountCodesCount averageDiscountAmount medianDiscountAmount discountUsage | channel currency storeIntegrationId engagementType ticketId discountAmount discountCodeOffered discountCodeUsed
ai-sales-agent-activity | eventDatetime | revenuePerInteraction recommendedProductCount timesRecommended | channel storeIntegrationId ticketId engagementType attributedRevenue productRecommended productId productVariantIds
ai-sales-agent-buy-through-rate | eventDatetime | buyThroughRate productBuyThroughRate | channel storeIntegrationId engagementType ticketId productRecommended boughtProducts productId
ai-sales-agent-conversion-rate | eventDatetime | conversionRate | channel storeIntegrationId engagementType ticketId aiIntentCustomField
`

var (
	anyTime    = strings.Fields("createdDatetime closedDatetime sentDatetime updatedDatetime firstAgentMessageDatetime timestamp anchorDatetime queuedDate periodStart eventDatetime")
	ticketDims = strings.Fields("ticketId agentId channel integrationId storeId")
)

// publishedScope returns what the reference allows in a query of a scope; no times
// if there is no such scope.
func publishedScope(name string) (times, measures, dimensions []string) {
	for line := range strings.Lines(published) {
		parts := strings.Split(strings.TrimSpace(line), " | ")
		if parts[0] != name || len(parts) != 4 {
			continue
		}
		for _, t := range strings.Fields(parts[1]) {
			times = append(times, pickIf(t == "any", anyTime, []string{t})...)
		}
		for _, d := range strings.Fields(parts[3]) {
			dimensions = append(dimensions, pickIf(d == "T", ticketDims, []string{d})...)
		}
		return times, strings.Fields(parts[2]), dimensions
	}
	return nil, nil, nil
}

// findScope returns the scope of a name as the reference allows it. What has no
// definition of its own in scopes counts every ticket, and measures a number of each.
func findScope(name string) (scope, bool) {
	times, measures, dimensions := publishedScope(name)
	if times == nil {
		return scope{}, false
	}
	own := scopes()
	i := slices.IndexFunc(own, func(s scope) bool { return s.name == name })
	s := scope{name: name, facts: ticketFacts(func(t *ticketStats) (timestamp, float64, bool) { return t.created, float64(t.id % 100), true })}
	if i >= 0 {
		s = own[i]
	}
	s.timeDimensions, s.dimensions = times, dimensions
	known := s.measures
	s.measures = map[string]measure{}
	for _, m := range measures {
		if s.measures[m] = known[m]; known[m] == nil {
			s.measures[m] = measureOf(m)
		}
	}
	return s, true
}

// measureOf returns what a measure of this name most likely calculates.
func measureOf(name string) measure {
	switch {
	case strings.HasPrefix(name, "median"):
		return median
	case strings.HasSuffix(name, "Count") || strings.HasSuffix(name, "Volume") || strings.HasSuffix(name, "Exposures"):
		return count
	case strings.HasSuffix(name, "Rate"):
		return rate
	}
	return mean
}
