"""Which column gets the texts: sets of headings as programs export them and people type them."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from campaigns.contacts import phone_columns
from campaigns.contacts.phone import PhoneProblem, normalise_many
from campaigns.contacts.phone_headers import Level, meaning
from campaigns.contacts.spreadsheet import FileProblem, open_sheet
from campaigns.labels.files import describe_refusal

ASK = "ask"
CELLS = {
    "p": ("(212) 555-0{}01", "212-555-0{}02", "+1 212 555 0{}03", "2125550{}04"),
    "o": ("", "", "", "212-555-0{}04"),  # one of four
    "e": ("", "", "", ""),
    "b": ("212-555-0{}01", "212 555 0{}0", "ask", "2125550{}04"),  # two bad cells
    "i": ("2125550{}81", "2125550{}82", "2125550{}83", "2125550{}84"),  # of an order, ten digits
    "n": ("Ann", "Bob", "Cy", "Di"),
    "y": ("yes", "no", "", "yes"),
    "m": ("Mobile", "Mobile", "Home", "Mobile"),
    "w": ("Work", "Work", "Work", "Main"),
    "z": ("10001", "78701-1234", "94110", "60601"),
    "d": ("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"),
}
"""What stands below a heading, by the letter after it; `{}` makes each column's numbers its own."""

SETS = [
    # One phone, whatever it is called.
    ("Name=n Phone=p", "Phone"),
    ("name=n phone_number=p", "phone_number"),
    ("Order=i Name=n PhoneNo=p", "PhoneNo"),
    ("ORDER_ID=i CUSTNAME=n CUSTPHONE=p", "CUSTPHONE"),
    ("AccountNumber=i ContactNumber=p", "ContactNumber"),
    ("Account=i Contact=p", "Contact"),
    ("Customer_No=i Ph_#=p", "Ph #"),
    ("Invoice=i cellno=p", "cellno"),
    ("Client_ID=i Contact_no.=p", "Contact no."),
    ("Acct=i Mob.=p", "Mob."),
    ("Kunden-Nr=i Tel.-Nr.=p", "Tel.-Nr."),
    ("Kundennummer=i Handynummer=p Name=n", "Handynummer"),
    ("Bestellnummer=i Rufnummer=p", "Rufnummer"),
    ("Name=n Fax_number=p Number=p", "Number"),
    ("Name=n 手机号码=p 传真=p", "手机号码"),
    ("Имя=n Телефон=p Факс=p", "Телефон"),
    ("Naam=n Mobiel=p Telefoon_vast=p", "Mobiel"),
    ("Member_since=d Cell=p Zip=z", "Cell"),
    ("Name=n What_is_your_phone_number?=p", "What is your phone number?"),
    ("Name=n Home_phone=p", "Home phone"),
    ("Name=n Kontakt=p Ort=n", "Kontakt"),
    ("Name=n Billing_phone=p", "Billing phone"),
    # Mobile before the rest, and a few bad cells decide nothing.
    ("Name=n Mobile=b Home_phone=p", "Mobile"),
    ("Name=n Work_phone=p Mobile_phone=p", "Mobile phone"),
    ("Phone=p Cell=p", "Cell"),
    ("HomePhone=p WorkPhone=p CellPhone=p FaxPhone=p", "CellPhone"),
    ("HOMEPHONE=p CELLPHONE=p", "CELLPHONE"),
    ("Phone_(do_not_text)=p SMS_number=p Name=n", "SMS number"),
    ("Phone_(Home)=p Phone_(Mobile)=p", "Phone (Mobile)"),
    ("Tel_(h)=p Tel_(m)=p Tel_(w)=p", "Tel (m)"),
    ("H_Phone=p W_Phone=p C_Phone=p", "C Phone"),
    ("Landline=p Text_number=p", "Text number"),
    ("Day_phone=p Evening_phone=p Cell=p", "Cell"),
    ("Phone=p WhatsApp=p Mobile=p", "Mobile"),
    ("Telefon_privat=p Telefon_geschäftlich=p Mobil=p", "Mobil"),
    ("Festnetz=p Handy=p Fax=p", "Handy"),
    ("Téléphone_fixe=p Téléphone_portable=p Télécopie=p", "Téléphone portable"),
    ("N°_client=i N°_de_tél.=p", "N° de tél."),
    ("Teléfono_fijo=p Teléfono_móvil=p", "Teléfono móvil"),
    ("Pedido=i Teléfono_casa=p Celular=p", "Celular"),
    ("Telefone_residencial=p Telefone_celular=p CEP=z", "Telefone celular"),
    ("Telefono_fisso=p Cellulare=p CAP=z", "Cellulare"),
    # Numbered, other, former.
    ("Name=n Phone_1=b Phone_2=o", "Phone 1"),
    ("Phone1=p Phone2=p", "Phone1"),
    ("Primary_phone=p Secondary_phone=p", "Primary phone"),
    ("Phone=p Alt_Phone=p", "Phone"),
    ("Mobile=p Other_mobile=p", "Mobile"),
    ("Old_phone=p Phone=p", "Phone"),
    ("Mobile_(old)=p Mobile=p", "Mobile"),
    ("Previous_mobile=p Phone=p", "Phone"),
    ("Handy_alt=p Telefon=p", "Telefon"),
    ("Disconnected_cell=p Phone=p", "Phone"),
    ("DNC_phone=p Phone=p", "Phone"),
    # Somebody else's.
    ("Name=n Phone=p Emergency_contact_phone=p", "Phone"),
    ("Name=n Phone=p Emergency_contact_cell=p", "Phone"),
    ("Phone=p Agent_mobile=p", "Phone"),
    ("Store_phone=p Customer_phone=p", "Customer phone"),
    ("Sales_rep_cell=p Client_phone=p", "Client phone"),
    ("Shipping_phone=p Billing_phone=p", "Billing phone"),
    ("Next_of_kin_mobile=p Home_phone=p", "Home phone"),
    ("Spouse_cell=p Contact=p", ASK),
    ("Dr_name=n Doctor_phone=p Patient_phone=p", "Patient phone"),
    ("Phone=p Plumber_mobile=p", ASK),  # whoever that is
    # What programs export.
    (
        "First_Name=n Last_Name=n Business_Phone=p Home_Phone=p Mobile_Phone=p Pager=e",
        "Mobile Phone",
    ),  # Outlook
    (
        "Assistant's_Phone=e Business_Fax=p Business_Phone=p Business_Phone_2=e Callback=e Car_Phone=e "
        "Company_Main_Phone=p Home_Fax=e Home_Phone=p Home_Phone_2=e ISDN=e Mobile_Phone=p Other_Phone=e "
        "Pager=e Primary_Phone=e Radio_Phone=e TTY/TDD_Phone=e Telex=e Account=e",
        "Mobile Phone",
    ),
    (
        "First_Name=n Labels=n E-mail_1_-_Value=n Phone_1_-_Label=m Phone_1_-_Value=p Phone_2_-_Label=w "
        "Phone_2_-_Value=p",
        "Phone 1 - Value",
    ),  # Google
    ("Name=n Phone_1_-_Type=w Phone_1_-_Value=p Phone_2_-_Type=m Phone_2_-_Value=p", ASK),
    (
        "First_Name=n Email=n Accepts_Email_Marketing=y Default_Address_Zip=z Default_Address_Phone=o "
        "Phone=p Accepts_SMS_Marketing=y Tags=n",
        "Phone",
    ),  # Shopify
    ("Customer_ID=i Default_Address_Phone=p Phone=o", ASK),
    ("Email_Address=n Phone_Number=o SMS_Phone_Number=p MEMBER_RATING=n", "SMS Phone Number"),  # Mailchimp
    ("Email_Address=n Phone_Number=p SMS_Phone_Number=o OPTIN_TIME=d", ASK),
    ("Record_ID=i Phone_Number=p Mobile_Phone_Number=p Contact_owner=n Fax_Number=e", "Mobile Phone Number"),
    ("Record_ID=i Phone_Number=p Mobile_Phone_Number=e WhatsApp_Phone_Number=e", "Phone Number"),  # HubSpot
    (
        "Id=i Phone=e MobilePhone=p HomePhone=e OtherPhone=e AssistantPhone=p Fax=e",
        "MobilePhone",
    ),  # Salesforce
    ("Account_Name=n Account_Phone=p Phone=p Mobile=p Asst._Phone=e", "Mobile"),
    ("npe01__WorkPhone__c=p npe01__HomePhone__c=p", ASK),
    (
        "Reference_ID=i Square_Customer_ID=i First_Name=n Phone_Number=p Email_Subscription_Status=y",
        "Phone Number",
    ),
    ("Order_ID=i billing_first_name=n billing_phone=p shipping_phone=e order_total=n", "billing_phone"),
    ("Email_address=n Phone_-_home=p Phone_-_mobile=p Phone_-_work=p", "Phone - mobile"),  # Constant Contact
    (
        "Order_#=i Buyer_Phone=p Attendee_#=i Home_Phone=e Cell_Phone=p Work_Phone=e",
        "Cell Phone",
    ),  # Eventbrite
    ("Guest_Name=n Guest_Phone=p Check_#=i Server=n Party_Size=n", "Guest Phone"),  # restaurants
    (
        "Client_ID=i Mobile_Phone=p Home_Phone=p Work_Phone=e Emergency_Contact_Phone=p",
        "Mobile Phone",
    ),  # Mindbody
    ("Full_Name=n Phone_:_mobile=p Phone_:_iPhone=e Phone_:_home=p", "Phone : mobile"),  # Apple contacts
    (
        "LALVOTERID=i VoterTelephones_LandlineFormatted=p VoterTelephones_CellPhoneFormatted=p",
        "VoterTelephones_CellPhoneFormatted",
    ),
    ("Voter_File_VANID=i Cell_Phone=p Home_Phone=p Preferred_Phone=p Work_Phone=e", "Cell Phone"),  # VAN
    ("VoterID=i Precinct=z CellPhoneCountryCode=n CellPhoneDialingPrefix=n CellPhone=p", "CellPhone"),
    ("Student=n Parent_1_Mobile=p Parent_2_Mobile=p", ASK),  # schools
    ("Student=n Home_Phone=p Mother_Cell=p Father_Cell=p", ASK),
    ("Student=n Student_Cell=p Parent_Cell=p Emergency_Phone=p", ASK),
    ("Family=n Home_Phone=p Mobile_Phone=p Work_Phone=o Envelope_Number=i", "Mobile Phone"),  # churches
    (
        "Patient_ID=i DOB=d Patient_Cell=p Home_Ph=p Emergency_Contact=n Emergency_Ph=p Provider_NPI=i",
        "Patient Cell",
    ),
    ("Contact_Name=n Direct_Phone_Number=p Mobile_phone=p Company_HQ_Phone=p", "Mobile phone"),
    ("Policy_No=i Insured=n Insured_Cell=p Agent_Phone=p Agency_Phone=p", "Insured Cell"),
    # Nobody can know.
    ("Home_phone=p Work_phone=p", ASK),
    ("Phone=p Name=n Phone=p", ASK),
    ("Mobile=p Cell=p", ASK),
    ("Contact=p Number=p", ASK),
    ("Mobile=o Phone=p", ASK),  # mostly empty
    ("Mobile=o Home_phone=p Fax=p", ASK),
    ("Personal_mobile=p Mobile=p", ASK),
    ("Home_mobile=p Work_mobile=p", ASK),
    ("Mobile_2=p Phone=p", ASK),
    ("Phone_A=p Phone_B=p", ASK),
    ("From=p To=p", ASK),
    ("Home_phone=p Work_phone_2=p", ASK),
    ("Contact=p Work_phone=p", ASK),
    ("=p =p", ASK),
    ("Column_1=p Column_2=p", ASK),
    ("Number_1=p Number_2=p", ASK),
    ("Telefon=p Telefon=p Name=n", ASK),
    # Never by themselves.
    ("Name=n Fax=p", ASK),
    ("Name=n Order=i", ASK),
    ("Name=n Account_number=i", ASK),
    ("Name=n Emergency_contact_phone=p", ASK),
    ("Name=n Mother's_mobile=p", ASK),
    ("Name=n Old_phone=p", ASK),
    ("Name=n Phone_(do_not_call)=p", ASK),
    ("Name=n Don't_text=p", ASK),
    ("Name=n No_texts_please=p", ASK),
    ("Name=n Store_phone=p", ASK),
    ("Name=n Badge_number=i", ASK),
    ("Name=n Ancien_portable=p", ASK),
    ("Name=n Mobile=e Fax=p", ASK),
    ("Name=n SMS_opt-in=y", ASK),
    ("Name=n Zip=z Joined=d", ASK),
    # A heading without phones below it cannot win.
    ("Phone=n Contact=p", "Contact"),
    ("Mobile=e Home_phone=p", "Home phone"),
    ("SMS=y Phone=p", "Phone"),
    ("Can_we_text_you?=y Cell_phone=p", "Cell phone"),
    ("Text_message=n Number=p", "Number"),
    ("Phone=p Phone=e", "Phone"),
    ("Phone_type=m Phone=p", "Phone"),
    ("Mobile_carrier=n Mobile=p Mobile_verified_date=d", "Mobile"),
]


def file_of(headings: str) -> str:
    columns = [column.rpartition("=") for column in headings.split()]
    lines = [",".join(_heading(name) for name, _, _ in columns)]
    for row in range(4):
        cells = [CELLS[kind][row].format(place % 10) for place, (_, _, kind) in enumerate(columns)]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _heading(name: str) -> str:
    """An underline is a blank, unless it is the heading's own."""
    own = name.islower() or name.isupper() or "__" in name or name.startswith("VoterTel")
    return name if own and "_" in name else name.replace("_", " ")


def answer(tmp_path: Path, text: str) -> str:
    path = tmp_path / "people.csv"
    path.write_text(text)
    sheet = open_sheet(path, path.name)
    try:
        return sheet.columns[sheet.require_phone_column()]
    except FileProblem:
        return ASK


@pytest.mark.parametrize(("headings", "column"), SETS)
def test_which_column(tmp_path: Path, headings: str, column: str) -> None:
    assert answer(tmp_path, file_of(headings)) == column


TYPED = [
    (
        "Name,Mobile,Home phone\nAnn,650-555-010,650-555-0150\nBob,650-555-0101,650-555-0151\n"
        'Cy,"650-555-0102, 650-555-0103",650-555-0152\nDi,ask,650-555-0153\n',
        "Mobile",
    ),
    ("Name,Phone 1,Phone 2\nAnn,ask,\nBob,650-555-0101,\nCy,650-555-0102,650-555-0199\n", "Phone 1"),
    ("Phone,Name,Phone\n6505550100,Ann,6505550150\n,Bob,6505550151\n", ASK),
    ("Phone,Name\n555-0134,Ann\nn/a,Bob\n,Cy\n", "Phone"),  # each row says what is wrong with it
    (
        "Cell,Phone\n555-0134,650-555-0150\n555-0135,650-555-0151\n",
        "Cell",
    ),  # no area code, yet meant as numbers
    ("Mobile;Phone\n1.65056E+10;650-555-0150\n1.65056E+10;650-555-0151\n", "Mobile"),
    ('"Phone #, if not a landline",Name\n650-555-0100,Ann\n', "Phone #, if not a landline"),
    (
        "Cell phone (no landlines please),Home\n650-555-0100,650-555-0150\n",
        "Cell phone (no landlines please)",
    ),
    ("650-555-0100,650-555-0150\n650-555-0101,650-555-0151\n", ASK),  # no headings at all
    ("Ann,650-555-0100\nBob,650-555-0101\n", "Column 2"),
    (" \u200bMOBILE  PHONE* ,Phone\n650-555-0100,650-555-0150\n", "MOBILE PHONE*"),
    ("Te\u0301le\u0301phone,N\u00ba client\n650-555-0100,6505550150\n", "Te\u0301le\u0301phone"),
]


@pytest.mark.parametrize(("text", "column"), TYPED)
def test_files_as_typed(tmp_path: Path, text: str, column: str) -> None:
    assert answer(tmp_path, text) == column


@pytest.mark.parametrize("blank", [99, 500, 3000])
def test_a_column_that_is_filled_only_further_down(tmp_path: Path, blank: int) -> None:
    """Sorted by mobile, those without one come first; nearly as many have one."""
    rows = [f"P{row},,650-555-{row % 10_000:04}" for row in range(blank)]
    rows += [f"P{row},212-555-{row % 10_000:04},650-555-{row % 10_000:04}" for row in range(blank, 3 * blank)]
    assert answer(tmp_path, "Name,Mobile,Home phone\n" + "\n".join(rows) + "\n") == "Mobile"


def test_a_row_that_cannot_be_read_is_told_by_the_import_and_not_here(tmp_path: Path) -> None:
    rows = "".join(f"P{row},212-555-0101,650-555-0101\n" for row in range(1000))
    assert answer(tmp_path, f'Name,Cell,Cellular\n{rows}Ann,"212-555-0101,\n') == ASK


def test_a_wide_file_of_odd_spellings_is_read_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each spelling that only the library understands takes long."""
    read: list[int] = []

    def counted(texts: Sequence[str], region: str = "US") -> tuple[list[str], dict[int, PhoneProblem]]:
        read.append(len(texts))
        return normalise_many(texts, region)

    monkeypatch.setattr(phone_columns, "normalise_many", counted)
    row = ["(+1).212/555*0101"] * 200
    names = [f"Column {place}" for place in range(200)]
    profiles = phone_columns.profile_columns(names, names, [row] * 300, "US")
    assert sum(read) <= 200 * 50
    assert {(profile.filled, profile.like) for profile in profiles} == {(300, 300)}


def test_rows_are_spread_over_the_whole_file() -> None:
    for count in (0, 1, 2000, 2001, 4001, 100_000):
        rows = phone_columns.sample_evenly([str(row)] for row in range(count))
        assert len(rows) <= phone_columns.MAX_SAMPLED_ROWS
        assert len(rows) >= min(count, phone_columns.MAX_SAMPLED_ROWS // 2)
        steps = {int(after[0]) - int(before[0]) for before, after in pairwise(rows)}
        assert len(steps) <= 1
        assert not rows or count - int(rows[-1][0]) <= max(steps, default=1)


def test_the_candidates_come_with_what_a_person_needs_to_tell_them_apart(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Phone,Name,Phone\n6505550100,Ann,6505550150\n,Bob,6505550151\nask,Cy,650555015\n")
    result = open_sheet(path, path.name).phones()
    profiles = [
        (profile.name, profile.rows, profile.filled, profile.like, profile.samples)
        for profile in result.candidates
    ]
    assert profiles == [
        ("Phone", 3, 2, 1, ("6505550100", "ask")),
        ("Phone 2", 3, 3, 3, ("6505550150", "6505550151", "650555015")),
    ]
    assert [profile.name for profile in result.profiles] == ["Phone", "Name", "Phone 2"]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("More than one column may hold the phone numbers: “Mobile”, “Cell”.", "Mobile=p Name=n Cell=p"),
        ("Phone numbers stand only in “Fax”, and the heading does not say", "Name=n Fax=p"),
        ("No column looks like phone numbers. The columns are: Name, Zip.", "Name=n Zip=z"),
    ],
)
def test_the_question_names_the_columns(tmp_path: Path, said: str, text: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(file_of(text))
    with pytest.raises(FileProblem) as problem:
        open_sheet(path, path.name).require_phone_column()
    assert said in describe_refusal(problem.value)


LEVELS = {
    Level.TEXTS: "Mobile|CELL #|SMS|cellphone|Text number|Handy-Nr.|GSM|celular|Móvil|iPhone|携帯電話"
    "|Cell (C)|HP No|휴대폰|📱|Mobile/Phone|+1 (mobile)",
    Level.PHONE: "phone|tel.|Ph|Telefonnummer|Contact no|WhatsApp|Best phone to reach you|Work mobile|telno"
    "|Numéro de téléphone|phone_e164|customerphone|Recipient phone|Phone (with country code)",
    Level.WEAK: "Home phone|WORK_TEL|Büro Telefon|hphone|Ph(H)|Direct phone|Billing phone|Contact|Number|Home"
    "|textile|",
    Level.OTHERS: "Mom's cell|Emergency contact|Notfallnummer|Agent phone|Store #|Assistant phone|Spouse"
    "|Hotel phone",
    Level.NEVER: "Fax|Telefax|Pager|Old mobile|phone (do not text)|Don’t call|No SMS|Phone/Fax|DNC"
    "|vecchio cellulare|📱 (do not text)|手机 (old)|Mobile - inactive|Non-mobile phone|opted out phone"
    "|Téléphone (ne pas appeler)",
    Level.ELSE: "Order|Account no|Customer ID|Kundennummer|ZIP|Phone type|SMS opt-in|Mobile country code|Date"
    "|Phone ext.|E-mail|Phonetic first name|Lucky number|serialnumber|Rechnungsnummer|N° de facture",
}


@pytest.mark.parametrize(
    ("heading", "level"), [(heading, level) for level, row in LEVELS.items() for heading in row.split("|")]
)
def test_what_a_heading_says(heading: str, level: Level) -> None:
    assert meaning(heading).level == level
