namespace SyncFlow.Api.Http;

/// <summary>Why a request is refused. Each kind has its address, status and title in <see cref="ProblemMapping"/>.</summary>
internal enum ProblemKind
{
    /// <summary>A field has a value that is not accepted; <see cref="Problem.Fields"/> names it.</summary>
    Validation,

    /// <summary>The request cannot be read at all.</summary>
    Malformed,

    /// <summary>No API key or session, or none that is known.</summary>
    Unauthorized,

    /// <summary>The caller is known and may not do this.</summary>
    Forbidden,

    /// <summary>A webhook whose signature is missing or wrong.</summary>
    BadSignature,

    /// <summary>A webhook of a shop that is connected to nothing.</summary>
    UnknownShop,

    /// <summary>Nothing of that id belongs to the caller's tenant.</summary>
    NotFound,

    MethodNotAllowed,

    /// <summary>It exists already.</summary>
    AlreadyExists,

    /// <summary>What is asked does not fit the state things are in.</summary>
    StateConflict,

    /// <summary>Not all units that were asked for can be had; <see cref="Problem.More"/> says what there is.</summary>
    NotAvailable,

    /// <summary>The first request with this idempotency key has not been answered yet.</summary>
    IdempotencyKeyInUse,

    /// <summary>The idempotency key was used with another request.</summary>
    IdempotencyKeyReused,

    /// <summary>Somebody changed it since the caller read it.</summary>
    PreconditionFailed,

    /// <summary>The request must say which state the caller saw, and does not.</summary>
    PreconditionRequired,

    PayloadTooLarge,

    UnsupportedMediaType,

    /// <summary>The tenant has as many of something as it may have; <see cref="Problem.More"/> says how many.</summary>
    QuotaReached,

    /// <summary>The caller sends more requests than he may; <see cref="Problem.RetryAfter"/> says when to come back.</summary>
    TooManyRequests,

    /// <summary>More events wait to be stored than this process takes.</summary>
    InboxFull,

    /// <summary>The body did not come in time.</summary>
    BodyTooSlow,

    /// <summary>The plan does not allow it, or billing has stopped growth.</summary>
    PlanLimit,

    /// <summary>A channel does not answer, and what was asked cannot be done without it.</summary>
    ChannelUnavailable,

    /// <summary>The database does not answer.</summary>
    StorageUnavailable,

    /// <summary>A fault of ours.</summary>
    Internal,
}

/// <summary>An expected refusal, as a value.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Detail">This occurrence, for people; holds no secret.</param>
internal sealed record Problem(ProblemKind Kind, string Detail)
{
    /// <summary>Messages by field, for <see cref="ProblemKind.Validation"/> and where one field stands behind a conflict.</summary>
    public IReadOnlyDictionary<string, string[]>? Fields { get; init; }

    /// <summary>Members of the answer besides the standard ones.</summary>
    public IReadOnlyDictionary<string, object>? More { get; init; }

    /// <summary>When to come back.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static Problem NotFound(string what, object id) => new(ProblemKind.NotFound, $"There is no {what} '{id}'.");

    public static Problem Invalid(string field, string message) => new(ProblemKind.Validation, $"{field}: {message}")
    {
        Fields = new Dictionary<string, string[]> { [field] = [message] },
    };
}

/// <summary>A request that cannot be bound to its endpoint's parameters; the endpoint boundary turns it into an answer.</summary>
internal sealed class RequestRefusedException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
