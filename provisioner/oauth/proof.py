"""What the mail server's answer to a new token means for the sign-in."""

from __future__ import annotations

from provisioner.mail.explanation import explain
from provisioner.oauth.gates import Proof, ProofResult
from provisioner.smtp.client import SmtpResult

# Microsoft's "SMTP AUTH is switched off" and "blocked by policy": the token itself may be right.
_SWITCHED_OFF = "5.7.139"


def proof_from(result: SmtpResult, host: str, provider_name: str = "") -> ProofResult:
    """Only a plain refusal of the token refuses; whatever else is wrong leaves it unproven."""
    if result.outcome in ("authenticated", "sent"):
        return ProofResult(Proof.ACCEPTED)
    explained = explain(result, provider_name)
    code = " ".join(str(part) for part in (result.code, result.enhanced) if part is not None)
    said = f"{host}, {result.stage}{f', {code}' if code else ''}: {explained.cause}"
    if _is_refusal(result):
        remedy = f"{explained.remedy}\n  Who must act: {explained.actor}."
        detail = f"the mail server refuses the token: {said}"
        # The 334 of a mail server that misses a scope names it: RFC 7628 section 3.2.2.
        field = "oauth2.scope_for_authorize" if (result.challenge or {}).get("scope") else ""
        return ProofResult(Proof.REFUSED, detail, remedy, field)
    return ProofResult(Proof.UNPROVEN, said, explained.remedy)


def _is_refusal(result: SmtpResult) -> bool:
    return (
        result.outcome == "wrong"
        and result.stage == "auth"
        and result.code is not None
        and result.enhanced != _SWITCHED_OFF
    )
