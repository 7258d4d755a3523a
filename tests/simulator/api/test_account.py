import pytest

from tests.simulator.client import A2P, LONG_CODE, P2P_ONLY, TOLL_FREE, Client
from tests.simulator.running import RunningSimulator

NUMBERS = "/restapi/v1.0/account/~/extension/~/phone-number"


@pytest.mark.parametrize("path", ["/restapi", "/restapi/v1.0"])
def test_the_service_answers_anybody(simulator: RunningSimulator, path: str) -> None:
    reply = Client(simulator.url, sign_in=False).get(path)
    assert reply.json["apiVersions"][0]["uriString"] == "v1.0"


def test_the_extension_lists_what_each_number_can_do(client: Client) -> None:
    listing = client.get(NUMBERS).json
    features = {record["phoneNumber"]: record["features"] for record in listing["records"]}
    assert [number for number, can in features.items() if "A2PSmsSender" in can] == [LONG_CODE, TOLL_FREE]
    assert "SmsSender" in features[P2P_ONLY]
    assert [record["paymentType"] for record in listing["records"]] == ["Local", "TollFree", "Local"]
    assert listing["paging"] == {
        "page": 1,
        "perPage": 100,
        "pageStart": 0,
        "pageEnd": 2,
        "totalPages": 1,
        "totalElements": 3,
    }


def test_the_account_list_shows_no_features(client: Client) -> None:
    records = client.get("/restapi/v1.0/account/~/phone-number").json["records"]
    assert len(records) == 3
    assert not any("features" in record for record in records)


def test_numbers_come_in_pages(client: Client) -> None:
    first = client.get(NUMBERS, perPage=2).json
    second = client.get(NUMBERS, perPage=2, page=2).json
    beyond = client.get(NUMBERS, perPage=2, page=3).json
    assert [len(one["records"]) for one in (first, second, beyond)] == [2, 1, 0]
    assert "page=2" in first["navigation"]["nextPage"]["uri"]
    assert "nextPage" not in second["navigation"]
    assert "page=1" in second["navigation"]["previousPage"]["uri"]
    assert "pageStart" not in beyond["paging"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"usageType": "DirectNumber"}, 2),
        ({"usageType": ["DirectNumber", "CompanyNumber"]}, 3),
        # Joined by a comma it matches nothing, as on the platform.
        ({"usageType": "DirectNumber,CompanyNumber"}, 0),
        ({"status": "Pending"}, 0),
        ({"status": "Normal"}, 3),
    ],
)
def test_numbers_can_be_filtered(client: Client, query: dict[str, str | list[str]], count: int) -> None:
    assert client.get(NUMBERS, **query).json["paging"]["totalElements"] == count


@pytest.mark.parametrize(
    ("query", "parameter"),
    [({"page": "0"}, "page"), ({"perPage": "x"}, "perPage"), ({"status": "Good"}, "status")],
)
def test_bad_filters_are_named(client: Client, query: dict[str, str], parameter: str) -> None:
    reply = client.get(NUMBERS, **query)
    assert (reply.status, reply.code, reply.json["parameterName"]) == (400, "CMN-101", parameter)


def test_campaign_registration_of_a_number(client: Client) -> None:
    ids = {record["phoneNumber"]: record["id"] for record in client.get(NUMBERS).json["records"]}
    long_code = client.get(f"{NUMBERS}/{ids[LONG_CODE]}/sms-configuration").json
    assert long_code["smsCampaignInfo"]["status"] == "Confirmed"
    assert "smsCampaignInfo" not in client.get(f"{NUMBERS}/{ids[TOLL_FREE]}/sms-configuration").json
    assert client.get(f"{NUMBERS}/1/sms-configuration").code == "CMN-102"


def test_a_campaign_that_is_not_confirmed_sends_nothing(client: Client, simulator: RunningSimulator) -> None:
    before = client.send_batch("+14155550101")
    simulator.control("POST", "campaign", {"phoneNumber": LONG_CODE, "status": "CampaignSuspended"})
    number = next(one for one in client.get(NUMBERS).json["records"] if one["phoneNumber"] == LONG_CODE)
    configuration = client.get(f"{NUMBERS}/{number['id']}/sms-configuration").json
    assert configuration["smsCampaignInfo"]["status"] == "CampaignSuspended"
    client.send_batch("+14155550101")
    client.send_batch("+14155550101", sender=TOLL_FREE)
    simulator.advance(60)
    assert [(one["batchId"] == before["id"], one.get("errorCode")) for one in simulator.messages()] == [
        (True, None),
        (False, "SMS-RC-503"),
        (False, None),
    ]
    simulator.control("POST", "campaign", {"phoneNumber": LONG_CODE, "status": "Confirmed"})
    batch = client.send_batch("+14155550101")
    counts = client.get(f"{A2P}/statuses", batchId=batch["id"]).json
    assert counts["sendingFailed"]["count"] == 0


@pytest.mark.parametrize(
    "body", [{}, {"phoneNumber": TOLL_FREE, "status": "Draft"}, {"phoneNumber": LONG_CODE, "status": "draft"}]
)
def test_campaigns_that_cannot_be_set(client: Client, body: dict[str, str]) -> None:
    assert client.post("/simulator/campaign", body).code == "CMN-101"


def test_the_account_and_one_of_its_numbers(client: Client) -> None:
    account = client.get("/restapi/v1.0/account/~").json
    assert account["mainNumber"] == LONG_CODE
    listed = client.get("/restapi/v1.0/account/~/phone-number").json["records"][1]
    assert client.get(f"/restapi/v1.0/account/~/phone-number/{listed['id']}").json == listed
    assert client.get("/restapi/v1.0/account/~/phone-number/1").code == "CMN-102"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/restapi/v1.0/account/1/extension/~", "CMN-102"),
        ("/restapi/v1.0/account/~/extension/1", "CMN-102"),
        ("/restapi/v1.0/account/~/teapot", "AGW-404"),
        ("/favicon.ico", "AGW-404"),
    ],
)
def test_what_is_not_there(client: Client, path: str, code: str) -> None:
    reply = client.get(path)
    assert (reply.status, reply.code) == (404, code)


def test_own_ids_work_like_the_tilde(client: Client) -> None:
    who = client.get("/restapi/v1.0/account/~/extension/~").json
    assert client.get(f"/restapi/v1.0/account/{who['account']['id']}/extension/{who['id']}").json == who
