"""What the service says when it refuses, whichever body that comes in.

Source: Model Studio, "Error messages" (help.aliyun.com/en/model-studio/error-code, read in November
2026 in the copy at docs.qwencloud.com/api-reference/preparation/error-messages).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ALGORITHM = "<400> InternalError.Algo.InvalidParameter: "
"""What the inference layer writes before a message of its own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error of the service, independent of the body it is sent in."""

    status: int
    code: str
    """As the page of error messages spells it."""
    message: str
    alias: str = ""
    """The code as the OpenAI-compatible protocol spells it; empty if it is the same."""
    type: str = "invalid_request_error"

    def error(self) -> dict[str, object]:
        """Return the object under ``error`` in the OpenAI-compatible protocol."""
        code = self.alias or self.code
        return {"message": self.message, "type": self.type, "param": None, "code": code}


def invalid(message: str, *, prefix: bool = True) -> Refusal:
    """Return the refusal of a parameter.

    Parameters
    ----------
    message : str
        What is wrong.
    prefix : bool
        Whether the inference layer found it: it writes its own code before the message.
    """
    text = ALGORITHM + message if prefix else message
    return Refusal(400, "InvalidParameter", text, alias="invalid_parameter_error")


NO_KEY = Refusal(
    401,
    "InvalidApiKey",
    "You didn't provide an API key. You need to provide your API key in an Authorization header"
    " using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    alias="invalid_api_key",
)
BAD_KEY = replace(NO_KEY, message="Incorrect API key provided.")
BAD_BODY = invalid("Required body invalid, check the request body format.", prefix=False)
WRONG_PATH = invalid("url error, please check url!", prefix=False)
NOT_ASYNCHRONOUS = Refusal(
    403,
    "AccessDenied",
    "Current user api does not support asynchronous calls.",
    alias="access_denied",
    type="access_denied",
)
EMPTY_MODEL = Refusal(
    400, "BadRequest.EmptyModel", 'Required parameter "model" missing from request.'
)
EMPTY_INPUT = Refusal(
    400, "BadRequest.EmptyInput", "Required input parameter missing from request."
)


def model_not_found(model: str) -> Refusal:
    """Return the refusal of an unknown model."""
    return Refusal(
        404,
        "ModelNotFound",
        f"The model `{model}` does not exist or you do not have access to it.",
        alias="model_not_found",
    )


def _row(status: int, code: str, message: str, alias: str = "", type: str = "") -> Refusal:
    return Refusal(status, code, message, alias, type or alias or code)


_QUOTA = "You exceeded your current quota, check your plan and billing details."
_LATER = "An internal error has occured, try again later or contact service support."

DOCUMENTED: tuple[Refusal, ...] = (
    invalid("Range of max_tokens should be [1, 16384]"),
    Refusal(
        400, "InvalidParameter.NotSupportEnableThinking", "The model does not support thinking."
    ),
    _row(
        400,
        "DataInspectionFailed",
        "Input text data may contain inappropriate content.",
        "data_inspection_failed",
    ),
    _row(
        400,
        "Arrearage",
        "Access denied, please make sure your account is in good standing.",
    ),
    EMPTY_INPUT,
    EMPTY_MODEL,
    Refusal(400, "BadRequest.IllegalInput", "The input parameter requires json format."),
    Refusal(400, "BadRequest.TooLarge", "Payload Too Large."),
    BAD_KEY,
    Refusal(
        401,
        "NOT AUTHORIZED",
        "Access denied: Either you are not authorized to access this workspace, or the workspace"
        " does not exist.",
    ),
    Refusal(401, "invalid access token or token expired", "invalid access token or token expired."),
    _row(403, "AccessDenied", "Access denied.", "access_denied"),
    _row(
        403,
        "AccessDenied.Unpurchased",
        "Access to model denied. Make sure you are eligible for using the model.",
    ),
    _row(403, "Model.AccessDenied", "Model access denied."),
    _row(403, "Workspace.AccessDenied", "Workspace access denied."),
    _row(403, "Endpoint.AccessDenied", "Endpoint access denied."),
    _row(
        403,
        "AllocationQuota.FreeTierOnly",
        "The free tier of the model has been exhausted. If you want to continue access the model on"
        ' a paid basis, please disable the "use free tier only" mode.',
    ),
    model_not_found("glm-0"),
    Refusal(404, "model_not_supported", "Unsupported model glm-0 for OpenAI compatibility mode."),
    Refusal(404, "WorkSpaceNotFound", "WorkSpace can not be found."),
    Refusal(404, "NotFound", "Not found!"),
    _row(429, "Throttling", "Requests throttling triggered."),
    _row(
        429,
        "Throttling.RateQuota",
        "Requests rate limit exceeded, try again later.",
        "limit_requests",
    ),
    _row(
        429,
        "Throttling.BurstRate",
        "Request rate increased too quickly. To ensure system stability, please adjust your client"
        " logic to scale requests more smoothly over time.",
        "limit_burst_rate",
    ),
    _row(429, "Throttling.Concurrency", "Too many concurrent requests, try again later."),
    _row(429, "Throttling.AllocationQuota", _QUOTA, "insufficient_quota"),
    _row(429, "CommodityNotPurchased", "Commodity has not purchased yet."),
    _row(429, "PrepaidBillOverdue", "The prepaid bill is overdue."),
    _row(429, "PostpaidBillOverdue", "The postpaid bill is overdue."),
    _row(500, "InternalError", _LATER, "internal_error", "internal_server_error"),
    _row(500, "InternalError.Algo", "inference internal error."),
    _row(
        500,
        "InternalError.Timeout",
        "An internal timeout error has occured during execution, try again later or contact service"
        " support.",
    ),
    _row(500, "SystemError", "An system error has occured, try again later."),
    _row(500, "ModelServiceFailed", "Failed to request model service."),
    _row(500, "RequestTimeOut", "Request timed out, try again later."),
    _row(500, "ResponseTimeout", "Response stream timeout"),
    _row(
        500,
        "ModelServingError",
        "Too many requests. Your requests are being throttled due to system capacity limits. Try"
        " again later.",
    ),
    _row(500, "ServiceUnavailable", "Service unavailable, try again later."),
    _row(503, "ModelServingError", "Model serving is at its capacity, try again later."),
    _row(503, "ServiceUnavailable", "Service unavailable, try again later."),
    _row(503, "ModelUnavailable", "Model is unavailable, try again later."),
)
"""Every row of the service's table that a chat request can meet, the first of a status its plainest."""

_OTHER_NAMES = {
    "InternalError.Algo.InvalidParameter": "InvalidParameter",
    "LimitRequests": "Throttling.RateQuota",
}
_FREE_QUOTA = "FreeQuotaExceeded"


def documented(status: int, code: str = "") -> Refusal:
    """Return the documented error of a status and a code.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str
        Its code in either spelling; empty for the first row of the status. ``FreeQuotaExceeded`` is
        the permanent twin of ``Throttling.AllocationQuota``, which differs by its message only.
    """
    if code == _FREE_QUOTA:
        quota = documented(status, "Throttling.AllocationQuota")
        return replace(quota, message="Free allocated quota exceeded.")
    wanted = _OTHER_NAMES.get(code, code)
    for row in DOCUMENTED:
        if row.status == status and wanted in ("", row.code, row.alias):
            return row
    return _row(status, wanted or f"HTTP{status}", f"Simulated error {status}.")


def documented_code(code: str) -> Refusal:
    """Return the documented error of a code, whatever its status.

    Raises
    ------
    ValueError
        If no row has that code.
    """
    wanted = _OTHER_NAMES.get(code, code)
    for row in DOCUMENTED:
        if wanted in (row.code, row.alias):
            return row
    raise ValueError(f"No documented error has the code {code!r}.")
