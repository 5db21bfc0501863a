using System.Text.Json;
using System.Text.Json.Serialization;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Storage.Operations;

/// <summary>
/// Inbox contents of stock operations: the API writes them, the worker makes facts of them. JSON in camel case,
/// enumerations as their stored numbers.
/// </summary>
public static class OperationContents
{
    /// <summary>A JSON array of <see cref="OperationBody"/>, applied in order: what a later one rests on comes first.</summary>
    public const string Operations = "stock.operations";

    /// <summary>A <see cref="CountBody"/>.</summary>
    public const string Count = "stock.count";

    /// <summary>A <see cref="CountWithdrawalBody"/>.</summary>
    public const string CountWithdrawal = "stock.count-withdrawal";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>A body as it is stored.</summary>
    public static byte[] Write<T>(T body) => JsonSerializer.SerializeToUtf8Bytes(body, Options);

    /// <summary>What a stored body says.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static T Read<T>(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize<T>(body, Options) ?? throw new JsonException("The body is null.");
}

/// <summary>An operation on one SKU.</summary>
/// <param name="Key">Unique over all time; the fact's key.</param>
public sealed record OperationBody(string Key, long SkuId, DateTimeOffset OccurredAt, IReadOnlyList<LegBody> Legs);

/// <summary>One change of an operation.</summary>
/// <param name="Delta">Change of the bucket; never zero.</param>
public sealed record LegBody(long LocationId, Bucket Bucket, int Delta, EntryReason Reason);

/// <summary>A count.</summary>
/// <param name="Key">Unique over all time; the fact's key.</param>
public sealed record CountBody(string Key, long SkuId, long LocationId, int Counted, DateTimeOffset AsOf);

/// <summary>A count taken back.</summary>
/// <param name="Key">Unique over all time; the fact's key.</param>
/// <param name="Count">The count's key.</param>
/// <param name="AsOf">The count's as-of time.</param>
public sealed record CountWithdrawalBody(string Key, string Count, long SkuId, long LocationId, DateTimeOffset AsOf);
