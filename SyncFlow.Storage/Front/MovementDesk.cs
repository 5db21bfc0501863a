using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using SyncFlow.Core.Engine;
using SyncFlow.Core.Ledger;

namespace SyncFlow.Storage.Front;

/// <summary>
/// The body of an inbox event of kind <c>movement</c>: JSON with these names in camel case, enumerations as numbers.
/// The API writes it, the worker turns it into a <see cref="Core.Facts.StockMovement"/>.
/// </summary>
/// <param name="Key">The movement's unique key, over all time; also the fact's key.</param>
/// <param name="Delta">Change of the bucket; never zero.</param>
public sealed record MovementBody(
    string Key, long SkuId, long LocationId, Bucket Bucket, int Delta, EntryReason Reason, DateTimeOffset OccurredAt)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The body as it is stored.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>The movement that a stored body describes.</summary>
    /// <exception cref="JsonException">It is not one.</exception>
    public static MovementBody Read(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize<MovementBody>(body, Options) ?? throw new JsonException("The movement is null.");
}

/// <summary>A movement as it stands in the inbox.</summary>
/// <param name="State">0 pending, 1 done, 2 dead, 3 ignored.</param>
/// <param name="Outcome">What became of it; null while it is pending or dead.</param>
public sealed record MovementEvent(long EventId, short State, FactOutcome? Outcome, string? Error, MovementBody Body);

/// <summary>Finds movements in the inbox and keeps the words that a person gave for them.</summary>
/// <param name="source">Acts as the api role.</param>
/// <param name="time">The clock.</param>
public sealed class MovementDesk(NpgsqlDataSource source, TimeProvider time)
{
    /// <summary>The first inbox event with a movement key, or null.</summary>
    public Task<MovementEvent?> FindAsync(long tenant, string key, CancellationToken ct)
    {
        const string sql =
            """
            SELECT event_id, state, outcome, error, body FROM inbox
            WHERE tenant_id = $1 AND connection_id IS NULL AND webhook_id = $2 ORDER BY received_day, event_id LIMIT 1
            """;
        return source.FirstAsync(
            tenant,
            sql,
            row => new MovementEvent(
                row.GetInt64(0), row.GetInt16(1), row.IsDBNull(2) ? null : (FactOutcome)row.GetInt16(2), row.Text(3),
                MovementBody.Read(row.GetFieldValue<byte[]>(4))),
            [key],
            ct);
    }

    /// <summary>Keeps why somebody moved stock; the ledger itself has only the kind of reason.</summary>
    public Task NoteAsync(long tenant, string actor, string key, string why, CancellationToken ct)
    {
        const string sql =
            """
            INSERT INTO audit_log (tenant_id, at, actor, action, subject, details)
            VALUES ($1, $2, $3, 'stock-movement', $4, jsonb_build_object('why', $5::text))
            """;
        return source.ExecuteAsync(tenant, sql, [time.GetUtcNow(), actor, key, why], ct);
    }
}
