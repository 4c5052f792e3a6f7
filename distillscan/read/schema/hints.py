"""Names under which common sources keep the canonical columns, in the order in which they are preferred."""

from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Final

from distillscan.columns import READABLE
from distillscan.errors import closest

#: Canonical column to names, compared without case and separators (``userId`` and ``USER_ID`` are both ``userid``).
#: Left out on purpose because they mean different things in different logs: id, name, agent, signature, project_id,
#: client_id, payment_method (often just "card"), service_tier, domain, path, cost.
_NAMES: Final = {
    "timestamp": (
        "ts eventtimestamp requesttimestamp logtimestamp time eventtime requesttime datetime starttime startedat"
        " requestcreatedat requestedat receivedat occurredat loggingtime logtime timegenerated effectiveat"
        " starttimeunixnano timeunixnano timestampms timestampus timestampns timestamputc tsms epoch epochms unixtime"
        " unixtimestamp asctime timelocal timeiso8601 createdat createdon created date wrappertime"
    ),
    "account_id": (
        "account accountuuid userid useruuid user customerid customeruuid customer subscriberid memberid uid"
        " enduserid enduser endusers username remoteuser clientusername userprincipalname"
    ),
    "request_id": "requestuuid reqid xrequestid generationid litellmcallid correlationid eventid traceid",
    "org_id": (
        "organizationid organisationid orguuid organizationuuid org organization organisation tenantid tenant"
        " workspaceid teamid companyid"
    ),
    "api_key_id": (
        "apikeyhash hashedapikey apikey apikeyuuid keyid keyhash accesskeyid proxykeyid virtualkey apikeyname"
    ),
    "session_id": (
        "sessionuuid session conversationid conversationuuid conversation threadid chatid genaiconversationid"
    ),
    "ip": (
        "ipaddress ipaddr clientip clientipaddress clientaddress remoteaddr remoteip remoteaddress sourceip"
        " sourceipaddress srcip requesteripaddress callerip calleripaddress userip hashedip clientaddr remoteipaddr"
        " trueclientip cfconnectingip fastlyclientip xclientip xrealip realip xoriginalforwardedfor xforwardedfor"
        " httpxforwardedfor requestxforwardedfor forwardedfor forwardedip xforwarded xff peeraddr peeraddress peerip"
        " clienthost"
    ),
    "asn": "asnumber asnum ipasn clientasn sourceasn autonomoussystemnumber autonomoussystem",
    "country": "countrycode countryiso countryisocode geocountry ipcountry clientcountry geoipcountry cfipcountry",
    "user_agent": "ua useragentstring useragentoriginal httpuseragent clientuseragent requestuseragent",
    "tls_fingerprint": (
        "tlsfp ja4 ja4hash ja4fingerprint tlsja4 tlshash ja3 ja3hash ja3fingerprint tlsja3 clientja4 clientja3"
    ),
    "device_id": "deviceuuid devicefingerprint devicehash deviceidentifier machineid installationid installid",
    "payment_id": (
        "paymentmethodid paymentfingerprint paymenthash paymentinstrumentid cardfingerprint cardhash cardid"
        " stripecustomerid billingaccountid billingid"
    ),
    "email_domain": "maildomain accountemaildomain useremaildomain email emailaddress accountemail useremail",
    "account_created_at": (
        "accountcreated accountcreatedate accountcreateddate accountcreationdate accountcreationtime usercreatedat"
        " customercreatedat signupat signupts signuptime signuptimestamp signupdate signedupat registeredat"
        " registrationtime registrationdate joinedat"
    ),
    "account_type": "accountkind accountcategory usertype customertype",
    "plan": "planname plantype planid accountplan subscriptionplan subscriptiontier subscription pricingplan tier",
    "pathway": "accesspathway accesschannel channel platform surface entrypoint clientplatform",
    "model": (
        "modelid modelname modelslug requestmodel requestedmodel genairequestmodel airequestmodel aimodel"
        " providedmodelname deployedmodelid modelpermaslug usedmodel responsemodel genairesponsemodel engine"
    ),
    "system_prompt": (
        "systemmessage systeminstruction systeminstructions genaisysteminstructions systemtext instructions system"
    ),
    "prompt": (
        "prompttext promptcontent userprompt usermessage usertext userinput requesttext inputtext input"
        " genaiinputmessages requestmessages messages"
    ),
    "response": (
        "responsetext responsecontent modelresponse assistantmessage completion completiontext outputtext output"
        " answer reply genaioutputmessages responsemessages"
    ),
    "input_tokens": (
        "inputtokencount numinputtokens ninputtokens prompttokens prompttokencount numprompttokens tokensin"
        " tokensprompt requesttokens usageinputtokens usageprompttokens genaiusageinputtokens genaiusageprompttokens"
    ),
    "output_tokens": (
        "outputtokencount numoutputtokens noutputtokens completiontokens completiontokencount numcompletiontokens"
        " tokensout tokenscompletion responsetokens generatedtokens candidatestokencount usageoutputtokens"
        " usagecompletiontokens genaiusageoutputtokens genaiusagecompletiontokens"
    ),
    "cached_tokens": (
        "cachedinputtokens inputcachedtokens cachereadtokens cachereadinputtokens cachereadinputtokencount"
        " cachedinputtokencount promptcachereadtokens tokenscached genaiusagecachereadinputtokens"
    ),
    "status_code": (
        "httpstatus httpstatuscode responsestatus responsestatuscode responsecode resultcode httpcode status"
    ),
    "stop_reason": (
        "finishreason completionreason stoptype finishreasonnormalized finishreasonraw genairesponsefinishreasons"
    ),
    "reasoning_signature": "thinkingsignature thoughtsignature",
    "tools": "toolnames toolsused toolsoffered availabletools tooldefinitions genaitooldefinitions",
    "images": "imagecount numimages nimages hasimage hasimages hasvision picturecount haspicture",
}

#: Names of columns that are texts of requests and answers only if their cells are bodies of such, best first.
BODY_NAMES: Final = MappingProxyType(
    {
        "prompt": (
            *("requestbody", "requestjson", "requestpayload", "rawrequest", "requestraw", "llmrequest", "apirequest"),
            *("request", "httprequestbody", "requestdata", "inputbody", "inputjson", "body", "payload", "jsonbody"),
        ),
        "response": (
            *("responsebody", "responsejson", "responsepayload", "rawresponse", "responseraw", "llmresponse"),
            *("apiresponse", "httpresponsebody", "responsedata", "outputbody", "outputjson"),
        ),
    }
)

#: What the CSV export of Azure's portal adds to the names of times.
PORTAL_ZONE: Final = " [UTC]"


def normalise(name: str) -> str:
    """Return a column name without case and separators: the form in which names are compared with hints."""
    return "".join(char for char in name.removesuffix(PORTAL_ZONE).casefold() if char.isalnum())


#: Canonical column to its hints, best first; its own name in another spelling (``AccountId``) comes before all others.
HINTS: Final = MappingProxyType(
    {canonical: (normalise(canonical), *names.split()) for canonical, names in _NAMES.items()}
)

#: Text columns for which a hint may also be a list or an object (``messages``): it is read as compact JSON.
MAY_NEST: Final = frozenset({"system_prompt", "prompt", "response", "tools", "images"})


#: Hints that mean something else beside certain names: who pays AWS for a model, whose workspace or which region a log
#: of Azure is of.
_NOT_BESIDE: Final = {
    "account_id": (
        {"accountid", "account"},
        {"awsregion", "useridentity", "identity", "schematype", "inferenceregion", "eventsource", "detailtype"},
    ),
    "org_id": (
        {"tenant", "tenantid"},
        {"timegenerated", "resourceid", "calleripaddress", "operationname", "sourcesystem"},
    ),
}


def names_for(canonical: str, names: Collection[str]) -> list[str]:
    """Return those of some names that stand for a canonical column, best first: its very name, then by hints."""
    ranks = {hint: rank for rank, hint in enumerate(HINTS[canonical])}
    misleading, beside = _NOT_BESIDE.get(canonical, (frozenset[str](), frozenset[str]()))
    if not beside.isdisjoint(map(normalise, names)):
        ranks = {hint: rank for hint, rank in ranks.items() if hint not in misleading}
    ranked = [(-1 if name == canonical else ranks.get(normalise(name), len(ranks)), name) for name in names]
    return [name for rank, name in sorted(ranked) if rank < len(ranks)]


#: Parts of names that suggest, and do not tell, what a required column may be called.
_SUGGESTIVE: Final = {
    "timestamp": ("time", "date", "when", "stamp", "epoch", "created", "clock"),
    "account_id": (
        *(
            "account",
            "user",
            "customer",
            "client",
            "caller",
            "consumer",
            "principal",
            "subject",
            "member",
            "who",
            "uid",
        ),
        *(
            "email",
            "login",
            "owner",
            "identity",
            "actor",
            "apikey",
            "keyid",
            "subscri",
            "tenant",
            "requester",
            "createdby",
        ),
    ),
}
#: Names of what is no account, though they may look like one.
_ALIKE: Final = frozenset({"api_key_id", "org_id", "email_domain"})


def likely_names(canonical: str, names: Sequence[str]) -> list[str]:
    """Return those of some names, or paths, that look like a required column and like no other one."""
    others = {hint for column, hints in HINTS.items() if column not in {canonical, *_ALIKE} for hint in hints}
    found = []
    for name in names:
        last = name.split(".")[-2:]
        alike = others.isdisjoint((normalise(last[-1]), normalise("".join(last))))
        if alike and any(part in normalise("".join(last)) for part in _SUGGESTIVE[canonical]):
            found.append(name)
    return [name for name in found if not any(other.startswith(f"{name}.") for other in names)]


def did_you_mean_column(name: str) -> str:
    """Return the canonical column that a name may stand for, by spelling or as logs call it; else all columns."""
    called = {hint: column for column, hints in HINTS.items() for hint in hints}
    close = closest(name, [*READABLE, *called])
    return f"did you mean {called.get(close, close)}?" if close else f"the columns are {', '.join(READABLE)}"
