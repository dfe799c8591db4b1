"""What the mail server's answer to a new token means for the sign-in."""

from __future__ import annotations

from provisioner.oauth.gates import Proof, ProofResult
from provisioner.smtp.client import SmtpResult, advice_on

# Microsoft's "SMTP AUTH is switched off" and "blocked by policy": the token itself may be right.
_SWITCHED_OFF = "5.7.139"


def proof_from(result: SmtpResult, host: str, provider_name: str = "") -> ProofResult:
    """Only a plain refusal of the token refuses; whatever else is wrong leaves it unproven."""
    if result.outcome in ("authenticated", "sent"):
        return ProofResult(Proof.ACCEPTED)
    advice = advice_on(result, provider_name)
    code = " ".join(str(part) for part in (result.code, result.enhanced) if part is not None)
    said = f"{host}, {result.stage}{f', {code}' if code else ''}: {advice.cause}"
    if _is_refusal(result):
        remedy = f"{advice.remedy}\n  Who must act: {advice.actor}."
        detail = f"the mail server refuses the token: {said}"
        return ProofResult(Proof.REFUSED, detail, remedy, advice.field)
    return ProofResult(Proof.UNPROVEN, said, advice.remedy)


def _is_refusal(result: SmtpResult) -> bool:
    return (
        result.outcome == "wrong"
        and result.stage == "auth"
        and result.code is not None
        and result.enhanced != _SWITCHED_OFF
    )
