"""What mail servers say in bounces, in the languages that they speak: patterns over words, without nested repeats."""

import re
from typing import Final


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


SERVER_NAMES: Final = _any(
    r"(?:mailer|mail|smtp)[-_. ]?daemon", r"mail[-_. ]?administrator", r"post[-_. ]?master", "double-bounce",
    r"bounces?\b", r"mailer\b", r"mail[-_. ]?deliver", r"delivery[-_. ]?(?:subsystem|system|service)",
    r"sys(?:tem)?[-_ ]?admin", "symantec.?antivirus", r"mail[-_. ]?(?:system|robot)", "imss", "mmdf",
    r"notification[-_. ]?service",
)  # fmt: skip
"""Names of programs and posts that send reports."""
FAILED_SUBJECT: Final = _any(
    "undeliver", "non[- ]?deliver", "not delivered", "bounce", "delayed mail", "mail delivery",
    r"deliver(?:y|ed|able)?\b.{0,30}\b(?:fail|status|problem|error|report|delay|notif)",
    r"fail\w{0,8} (?:notice|notification|mail|to deliver|delivery)", "returned (?:mail|to sender|message)",
    "mail (?:system )?(?:error|failure)", "message (?:undeliver|delayed|could not|not sent|delivery)",
    "could not (?:be )?(?:send|sent|deliver)", "unable to deliver", "warning: (?:could not|message)", "unknown user",
    "unzustellbar", "nicht zugestellt", "zustell(?:ung|fehler)", "non remis", "non distribu", "échec",
    "no se ha podido", "no entregad", "devuelto", "mancato recapito", "impossibile", "non recapit", "onbestelbaar",
    "niet bezorgd", "não entregue", "niedostarcz", "не доставлен", "недоставлен", "не удалось доставить", "配信不能",
    "配信エラー", "送信エラー", "エラーメール", "退信", "投递失败", "无法投递", "배달 실패", "전송 실패",
)  # fmt: skip
FAILURE: Final = _any(
    "undeliver", "non-?deliver", "not? (?:be )?(?:yet )?(?:been )?deliver",
    "n[o']t be (?:deliver|sen[dt]|reach|accept)", "unable to (?:deliver|send|relay|accept)", "wasn't able to deliver",
    r"deliver\w{0,5} (?:\S{1,80} ){0,12}fail", r"fail\w{0,8} (?:to|recipient|permanent|addresses|for|delivery|reason)",
    "failure reasons", "following address", "did not reach", "returned (?:mail|to)",
    "permanent (?:fatal )?(?:error|fail)",
    "user (?:is )?unknown", "unknown (?:user|recipient|address|local)", "no such ", "over ?quota", "quota",
    "mailbox (?:is )?(?:full|unavailable|disabled|not found|exceed)", "address rejected", "invalid (?:user|recipient)",
    "invalid (?:address|mailbox)", "not exist", "(?:not|couldn't be) (?:found|listed|recognized)",
    r"deliver\w{0,5} (?:error|problem|attempt)", "had (?:trouble|delivery|permanent)", "rejected", "delayed",
    "error deliver", "transcript of", "could not", "couldn't", "account is disabled", "not accept", "deferred",
    "attempts? to (?:send|deliver)", "may not exist", "unzustellbar", r"nicht (?:\S{1,30} )?(?:zugestellt|erreich)",
    "konnte", "möglicherweise nicht", "pas pu", "non (?:remis|distribu|délivr)", "no se (?:ha )?pud",
    "no (?:fue|ha sido) entreg", "non (?:è stato|recapita)", "impossibile", r"niet (?:\S{1,30} )?bezorg",
    "não (?:foi|pôde)", "nie (?:można|został)", "не может быть доставлен", "не доставлен", "не удалось", "配信", "送信",
    "届け", "エラー", "失敗", "送达", "投递", "退信", "전송", "배달",
)  # fmt: skip
"""Words of a delivery that failed or waits. Alone they prove nothing: a server must have written them."""
REPLY_CODE: Final = _any(
    r"(?<![\d.])[45][0-5]\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3}|[A-Za-z<])", r"\(#[45]\.\d{1,3}\.\d{1,3}\)"
)
ANSWER: Final = re.compile(r"(?:re|aw|sv|fwd?|wg|tr|rv|antw)\s*:", re.IGNORECASE)
"""How subjects of answers and forwards begin: a person's, even about a bounce."""
RETURNED_HEADER: Final = re.compile(
    r"^[>\t ]{0,8}(?:Received|Message-ID|Return-Path)\s?:", re.IGNORECASE | re.MULTILINE
)
DELAYED: Final = _any(
    "delayed", "still being retried", "will be retried", "will (?:keep|continue) (?:trying|to (?:try|attempt|be))",
    "not (?:yet )?been delivered (?:yet|after)", "not yet (?:been )?delivered", "only a temporary",
    "temporary failure report", "no action is (?:required|necessary)", "not need to re-?send",
    "could not send message for past", "still undelivered", "will try again", "verzögert", "noch nicht zugestellt",
    "retard[ée]", "ritardo", "retrasad",
)  # fmt: skip
FINAL: Final = _any(
    "permanent", "giv(?:en|ing) up", "will not be retried", "no further", "returned to sender", "too long",
    "cannot send message for", "has been rejected", "could not be delivered to one or more", "was not delivered",
)  # fmt: skip
"""What takes back that a mail is only delayed."""
_RULE: Final = (
    r"[\s>]{0,8}[-=_*#]{2,}.{0,60}?(?:copy of|original (?:message|mail|header)|returned (?:message|mail|header)|"
    r"unsent message|undelivered (?:message|mail)|message (?:header|text|follow|contents)|header of the|"
    r"rejected message|ursprüngliche|元のメッセージ|原始邮件)"
)
_SENTENCE: Final = (
    r"[\s>]{0,8}(?:(?:the |your )?(?:original |returned )?(?:message|mail)(?: headers?)? "
    r"(?:follows?|is (?:as follows|included|attached))|(?:here |below )?is a copy of|possibly truncated original|"
    r"(?:below|following|attached|enclosed) is (?:a copy|the (?:original|message))|original message headers?|"
    r"(?:first .{0,20}lines of )?(?:the )?message headers?:)"
)
_HEADER: Final = r"(?:> ?)?(?:Received|Return-Path|DKIM-Signature|X-Received|Message-ID|ARC-Seal)\s?:"
COPY: Final = re.compile(f"(?:{_RULE}|{_SENTENCE}|{_HEADER})", re.IGNORECASE)
"""How the line begins below which the mail that came back stands."""
TRANSCRIPT: Final = _any("transcript", "session", "received at", "server message", "smtp command")
NOT_THEM: Final = re.compile(
    r"(?:mail from|from|envelope-from|sender|sender address|reply-to|message-?id|return-path|references|cc|by|"
    r"in-reply-to|on behalf of|ihre e-mail von|de|von)[\s:=<\"'(]*$",
    re.IGNORECASE,
)
"""Words right before an address that is not one of the recipients."""
THEM: Final = re.compile(
    r"(?:\bto|rcpt(?: to)?|recipients?(?: address(?:es)?)?|address(?:ed to|es|)|user|mailbox|account|recipient:|"
    r"(?:final|original)-recipient:\s*[\w-]{1,10};|rejected(?: recipient)?|for|an|à|a|al|para|на|宛|failed)"
    r"[\s:=<\"'(]*$",
    re.IGNORECASE,
)
"""Words right before an address that name a recipient, where the line is about delivery."""
DELIVERY: Final = _any(
    "deliver", "fail", "sen[dt]", "reject", "rcpt", "return", "recipient", "reach", "address", "unknown", "undeliv",
    "zustell", "zugestellt", "remis", "entreg", "recapit", "bezorg", "доставл", "user", "mailbox", "account", "quota",
)  # fmt: skip
ADVICE: Final = re.compile(
    r"\b(?:contact|help|assist|questions?|support|abuse|unsubscribe|for (?:more|further)|forward this|wenden|"
    r"complain|hilfe|please (?:e-?mail|write|send))\b",
    re.IGNORECASE,
)
"""Words of a line that names somebody to ask."""
CODE_BEFORE: Final = re.compile(r"(?<!\d)[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3})?[\s:<\"'(]*$")
