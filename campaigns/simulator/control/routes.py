"""The endpoints of the simulator's own API."""

from campaigns.simulator.api.gateway import route
from campaigns.simulator.control import inspection, interventions, page

ENDPOINTS = (
    ("GET", "/simulator/ledger", inspection.show_accepted_log),
    ("GET", "/simulator/messages", inspection.show_messages),
    ("GET", "/simulator/requests", inspection.show_requests),
    ("GET", "/simulator/opt-outs", inspection.show_opt_outs),
    ("POST", "/simulator/inbound", interventions.receive_text),
    ("GET", "/simulator/mailbox", inspection.show_mailbox),
    ("POST", "/simulator/mailbox", interventions.add_mail),
    ("POST", "/simulator/campaign", interventions.set_campaign),
    ("GET", "/simulator/webhooks", inspection.show_webhooks),
    ("GET", "/simulator/faults", inspection.show_faults),
    ("POST", "/simulator/faults", interventions.set_faults),
    ("DELETE", "/simulator/faults", interventions.clear_faults),
    ("POST", "/simulator/advance", interventions.advance),
    ("POST", "/simulator/options", interventions.set_options),
    ("DELETE", "/simulator/sessions", interventions.end_sessions),
    ("POST", "/simulator/reset", interventions.reset),
)
CONTROL_ROUTES = (
    route("GET", "/", page.show_page, bearer=False),
    *(route(method, path, endpoint, bearer=False) for method, path, endpoint in ENDPOINTS),
)
