package airbyte

// advancedAuth describes the OAuth2 flow for the platform's "Authenticate"
// button. The authorization server is the account's own. The scopes are those
// of the streams, and offline for a refresh token.
const advancedAuth = `{
  "auth_flow_type": "oauth2.0",
  "predicate_key": ["credentials", "auth_type"],
  "predicate_value": "oauth2.0",
  "oauth_config_specification": {
    "oauth_user_input_from_connector_config_specification": {
      "type": "object",
      "properties": {"subdomain": {"type": "string", "path_in_connector_config": ["subdomain"]}}
    },
    "oauth_connector_input_specification": {
      "consent_url": "https://{{ subdomain }}.gorgias.com/oauth/authorize?{{ client_id_param }}&{{ redirect_uri_param }}&response_type=code&{{ scope_param }}&{{ state_param }}",
      "access_token_url": "https://{{ subdomain }}.gorgias.com/oauth/token",
      "access_token_headers": {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Basic {{ (client_id_value ~ ':' ~ client_secret_value) | b64encode }}"
      },
      "access_token_params": {
        "grant_type": "authorization_code",
        "code": "{{ auth_code_value }}",
        "redirect_uri": "{{ redirect_uri_value }}"
      },
      "extract_output": ["access_token", "refresh_token"],
      "scope": "offline account:read customers:read custom_fields:read events:read integrations:read jobs:read macros:read rules:read satisfaction_survey:read statistics:read tags:read tickets:read users:read"
    },
    "complete_oauth_output_specification": {
      "type": "object",
      "properties": {
        "access_token": {"type": "string", "path_in_connector_config": ["credentials", "access_token"], "path_in_oauth_response": ["access_token"]},
        "refresh_token": {"type": "string", "path_in_connector_config": ["credentials", "refresh_token"], "path_in_oauth_response": ["refresh_token"]}
      }
    },
    "complete_oauth_server_input_specification": {
      "type": "object",
      "required": ["client_id", "client_secret"],
      "properties": {"client_id": {"type": "string"}, "client_secret": {"type": "string"}}
    },
    "complete_oauth_server_output_specification": {
      "type": "object",
      "properties": {
        "client_id": {"type": "string", "path_in_connector_config": ["credentials", "client_id"]},
        "client_secret": {"type": "string", "path_in_connector_config": ["credentials", "client_secret"]}
      }
    }
  }
}`
