"""The words of column headings, sorted by what they say about the numbers below them.

Each table says why it exists. Words stand in lower case and without accents, as `phone_headings` compares
them. English, German, French, Spanish, Portuguese and Italian, with the commonest words of some others.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TEXTS = _words(
    # The owner says that this number receives texts, or that it is a mobile phone.
    "mobile mobiles mob mbl cell cells cellular cellphone cellphones sms mms text texts texting "
    "textable txt msisdn gsm wireless smartphone handphone hp iphone mobilephone handy handys mobil "
    "mobiltelefon mobilfunk natel portable mobiltel cellulaire movil movile celular cel celu "
    "telemovel telemovil cellulare cellulari telefonino mobiel komorka komorkowy komorkowe "
    "matkapuhelin"
)
PHONE = _words(
    # A phone number, of what kind nobody says.
    "phone phones ph phn fone fon tel tele tels telno telephone telephones telefon telephon telefono "
    "telefonos telefone telefones tlf tfn tfno telefoon puhelin rufnummer rufnr "
    # Chat programs: most often the mobile, but a heading that says mobile says more.
    "whatsapp viber"
)
NUMBER = _words(
    # Says nothing alone. Beside a word for contact it means a phone, beside a word that we do not
    # know the number of something else.
    "number numbers num nums no nr nbr n numero numeros nummer nummern"
)
CONTACT = _words(
    # Beside a word for number: a phone. Alone it may be a name, and its cells tell.
    "contact contacts kontakt contacto contato contatto"
)
HOME_OR_WORK = {
    # The person's own, but as a rule no phone that gets texts, or one that others read.
    **dict.fromkeys(
        _words("home house residence residential domicile maison casa zuhause haus domicilio"), "home"
    ),
    **dict.fromkeys(
        _words(
            "work direct business office company corporate organization organisation employment job biz "
            "bus ofc dienst geschaft geschaftlich arbeit buro firma dienstlich travail bureau "
            "professionnel pro trabajo oficina empresa trabalho escritorio comercial ufficio lavoro "
            "azienda entreprise"
        ),
        "work",
    ),
    **dict.fromkeys(
        _words(
            "landline landlines land wireline fixed line festnetz fixe fijo fixo fisso vast voip callback "
            "day daytime evening night car radio"
        ),
        "landline",
    ),
}
PRIVATE = _words(
    # Weakens a phone (in German and French it is the one at home), but not a mobile phone.
    "private privat prive privado particular personnel"
)
LETTERS = {"m": "mobile", "c": "cell", "h": "home", "w": "work", "o": "office", "f": "fax"}
"""What one letter means before a word for phone or in brackets behind it: `H Phone`, `Tel (m)`."""

FAMILY = _words(
    # Somebody else's number. A school may mean it, so a weak heading does not win over a mobile of these.
    "parent parents mother mothers mom moms mum mums mama father fathers dad dads papa guardian "
    "guardians spouse husband wife partner child children son daughter kid student students pupil "
    "family household mutter vater eltern ehepartner mere pere conjoint madre padre mae pai conyuge "
    "genitore grandparent grandmother grandfather caregiver carer caretaker sibling brother sister"
)
OTHERS = _words(
    # Another person's number, or that of a place: whoever reads it is not the person of the row.
    "emergency emerg ice kin nok relative neighbor neighbour friend roommate reference referrer "
    "referral referred notfall urgence emergencia emergenza doctor physician dentist pharmacy "
    "provider insurance insurer attorney lawyer guarantor beneficiary agent agents broker realtor rep "
    "reps representative salesperson salesrep manager supervisor boss assistant asst secretary "
    "employer employee staff coach teacher principal advisor adviser counselor landlord vendor "
    "supplier seller driver courier technician host recruiter contractor installer sponsor sender "
    "cosigner ansprechpartner vertreter vendeur vendedor venditore lieferant proveedor store stores "
    "shop branch location site venue restaurant salon clinic hospital hotel school church warehouse "
    "dealer dealership facility gym studio bank agency department dept reception frontdesk desk hq "
    "headquarters hotline helpdesk helpline support tollfree switchboard carrier filiale laden "
    "boutique magasin tienda sucursal loja negozio shipping ship shipto delivery lieferung livraison "
    "envio entrega spedizione plusone"
)
NEVER = _words(
    # No phone, no longer the person's, or one that must not be texted.
    "fax faxes telefax facsimile telecopie telecopieur pager pagers beeper telex tty tdd isdn old "
    "oldest previous prev previously prior former formerly ex past obsolete outdated deprecated "
    "legacy expired inactive disconnected invalid bad wrong incorrect dead unused unreachable bounced "
    "blocked deleted removed archived suppressed blacklisted blacklist cancelled unsubscribed unsub "
    "refused refuse exclude excluded returned nis disc revoked declined suppression bounce blocklist "
    "undeliverable altes dnc dnt dnd donot dont never stop "
    "nicht keine kein alte fruhere ehemalige ehemalig ancien "
    "ancienne pas ne antiguo antigua anterior antigo antiga nao non vecchio vecchia precedente niet "
    "not"
)
NO_TEXTS = _words(
    # After `no`, which else is short for number: nobody wants texts there.
    "text texts texting txt sms mms call calls contact marketing message messages llamar enviar "
    "contactar molestar mensajes"
)
ALT_IS_OLD = _words(
    # Beside one of these German words `alt` means old, else it is short for alternative.
    "handy telefon mobil mobiltelefon rufnummer nummer festnetz handynummer"
)
SECOND = _words(
    # Not the first number of the person: weaker than the same heading without it.
    "second secondary alternate alternative alt other others additional another backup spare extra "
    "sec zweite zweites weitere weiteres andere anderes autre secondaire otro otra secundario "
    "secundaria alterno outro outra altro altra secondario"
)
THIRD = {"third": 3, "tertiary": 3, "dritte": 3, "troisieme": 3, "tercero": 3, "fourth": 4, "fifth": 5}

ATTRIBUTE = _words(
    # The column tells something about a phone and holds none: `Phone type`, `SMS opt-in`, `Mobile country`.
    "type typ types kind label carrier network operator status state consent consents permission "
    "permissions opt optin optout opted accept accepts accepted agree agreed agreement subscribed "
    "subscription subscribe verified validated confirmed date dates datetime time timestamp timezone "
    "id ids uuid code codes prefix suffix extension extensions ext extn durchwahl country area region "
    "note notes comment comments count total score confidence model brand os device plan bill app "
    "version url link source reason result response flag enabled allowed preference preferences datum "
    "fecha datos pays pais paese"
)
SOMETHING_ELSE = _words(
    # The heading speaks of another thing, so it is never taken unasked, whatever its cells look like.
    "order orders account accounts acct invoice invoices sku upc ean isbn barcode product item items "
    "qty quantity amount price cost balance sum paid payment payments tax vat ein npi ssn passport "
    "license licence plate vin serial imei iccid card iban routing customer customers cust client "
    "clients member members membership loyalty rewards points rank ref reference ticket tickets case "
    "confirmation reservation booking policy claim tracking transaction trans receipt po purchase "
    "batch lot lat lng latitude longitude ip website email emails mail name names firstname lastname "
    "surname fname lname nickname title address addresses street city town province county postal "
    "postcode zip zipcode plz description tag tags gender sex language birthday birthdate dob born "
    "birth age month year created updated modified visits index row precinct district party ward room "
    "unit apt suite box floor seat table size weight height rate percent user username password login "
    "pin key record lead deal contract badge house kunde kunden kundennr bestellung bestell bestellnr "
    "auftrag auftrags rechnung rechnungs konto betrag vertrag vertrags mitglied mitglieds artikel "
    "vorname nachname strasse ort postleitzahl haus steuer geburtstag commande facture compte montant "
    "article nom prenom adresse ville rue codepostal pedido factura cuenta cliente clientes importe "
    "nombre apellido apellidos direccion ciudad codigo fatura conta valor nome sobrenome endereco "
    "cidade cep cpf cnpj dni nif rut siret siren ordine fattura conto importo cognome indirizzo citta "
    "codice cap"
)
PEOPLE = _words(
    # Whoever the list is about: beside a word for phone they change nothing.
    "customer customers cust client clients member members patient patients person people guest "
    "guests attendee attendees subscriber subscribers user users lead leads voter voters donor donors "
    "tenant applicant participant participants volunteer volunteers registrant candidate recipient "
    "recipients prospect visitor homeowner resident buyer contact contacts kontakt contacto contato "
    "contatto kunde kunden mitglied client cliente clientes"
)
PLAIN = _words(
    # Words that change nothing in the heading of a phone. Any other word may name somebody else.
    "my your our their his her the to for of or and at on in is are what which please enter "
    "where can could may we i us you u reach s c value values formatted unformatted raw clean "
    "cleaned normalized normalised international intl national local e full complete current new "
    "updated personal own preferred pref prefered best main default primary prim first data field "
    "info information details detail column valid correct usa only digit digits list last known send "
    "receive receiving get messages message messaging alerts reminders updates notifications "
    "marketing campaign dial nd rd st th required optional de la le les el los las du des do da dos "
    "das di del della delle l d para pour per fur von zum e et y principal principale primaer haupt "
    "erste premier primero primeiro primo bevorzugt prefere preferido"
)
FOREIGN = {
    # Signs, and words of other scripts, which need no blanks around them: found anywhere in a heading.
    **dict.fromkeys(_words("📱 手机 手機 携帯 휴대 핸드폰 جوال мобил сотов κινητ נייד"), "mobile"),
    **dict.fromkeys(_words("📞 ☎ 电话 電話 전화 هاتف телефон τηλ טלפון"), "phone"),
    **dict.fromkeys(_words("📠 传真 傳真 факс"), "fax"),
    "cep tel": "mobile",
}

JOINED = (
    # Words that are written together with others: CUSTOMERPHONE, telefonnummer, cellno.
    TEXTS
    | PHONE
    | NUMBER
    | CONTACT
    | PRIVATE
    | FAMILY
    | OTHERS
    | NEVER
    | SECOND
    | frozenset(HOME_OR_WORK)
    | SOMETHING_ELSE
    | PEOPLE
    | ATTRIBUTE
    | _words("primary main preferred personal best first new value")
) - _words(
    "n a c e s cap hp no nr ice po os id ip in ph ex ne kin ref rep age row pin key sum lot sex day land"
)
SHORT_ENDS = _words("no nr id ph")
"""Only at the end of a joined word: `phoneno`, `orderid`. Anywhere else they are found in too many words."""
