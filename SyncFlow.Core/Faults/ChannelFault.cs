namespace SyncFlow.Core.Faults;

/// <summary>Why a call to an outside system failed; classified once, where it enters.</summary>
public enum ChannelFaultKind : short
{
    /// <summary>Not done; trying again later may work.</summary>
    Transient = 1,

    /// <summary>Not done; too many calls.</summary>
    RateLimited = 2,

    /// <summary>Not done; the credential was refused.</summary>
    Unauthorized = 3,

    /// <summary>Not done; our request is wrong and will stay wrong.</summary>
    Rejected = 4,

    /// <summary>The answer was lost: it may be done, or be done later.</summary>
    Unknown = 5,

    /// <summary>Not done; the shop is closed, frozen or locked.</summary>
    ShopUnavailable = 6,
}

/// <summary>A failed call.</summary>
/// <param name="Kind">Class.</param>
/// <param name="Code">The outside system's own code, or ours; stable, for figures.</param>
/// <param name="Message">For people; holds no secret and no customer data.</param>
/// <param name="RetryAfter">How long to wait, where the other side said so.</param>
public sealed record ChannelFault(ChannelFaultKind Kind, string Code, string Message, TimeSpan? RetryAfter = null);

/// <summary>The answer to a call: a value, or why there is none.</summary>
public readonly struct ChannelResult<T>
{
    private ChannelResult(T? value, ChannelFault? fault) => (Value, Fault) = (value, fault);

    /// <summary>The value; only when <see cref="Fault"/> is null.</summary>
    public T? Value { get; }

    /// <summary>Why there is no value.</summary>
    public ChannelFault? Fault { get; }

    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(true, nameof(Value))]
    [System.Diagnostics.CodeAnalysis.MemberNotNullWhen(false, nameof(Fault))]
    public bool Succeeded => Fault is null;

    public static implicit operator ChannelResult<T>(T value) => new(value, null);

    public static implicit operator ChannelResult<T>(ChannelFault fault) => new(default, fault);
}
