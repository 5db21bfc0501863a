using System.Runtime.CompilerServices;
using Npgsql;
using SyncFlow.Core;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Auditing;

/// <summary>Which entries are asked for; what is null does not narrow.</summary>
/// <param name="Action">Begins so, for example <c>connections</c>.</param>
public sealed record AuditFilter(string? Actor, string? Action, string? Subject, DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>Reads audit logs, and checks their chains. Nothing here writes: the database does, with what it records.</summary>
/// <param name="source">Acts as the api role, or as the owner for a check on the host.</param>
public sealed class AuditStore(NpgsqlDataSource source)
{
    private const int PageSize = 1_000;

    private const string Columns =
        """
        SELECT tenant_id, seq, at, actor, action, subject, origin, details::text, before::text, after::text, prev_hash, hash
        FROM audit_log WHERE tenant_id = $1
        """;

    /// <summary>Entries, newest first.</summary>
    /// <param name="before">Only those before this place; null for all.</param>
    /// <param name="count">At most so many.</param>
    public async Task<List<AuditEntry>> ListAsync(TenantId tenant, AuditFilter filter, long? before, int count, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string sql = Columns +
            """
             AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR starts_with(action, $3)) AND ($4::text IS NULL OR subject = $4)
             AND ($5::timestamptz IS NULL OR at >= $5) AND ($6::timestamptz IS NULL OR at < $6) AND ($7::bigint IS NULL OR seq < $7)
            ORDER BY seq DESC LIMIT $8
            """;
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(
                sql, Sql.P(filter.Actor), Sql.P(filter.Action), Sql.P(filter.Subject), Sql.P(DatabaseTime.Of(filter.From)),
                Sql.P(DatabaseTime.Of(filter.Until)), Sql.P(before), Sql.P(count)),
            Read, ct).ConfigureAwait(false);
    }

    /// <summary>All entries in the order of the chain, page by page: a log of any length is never in memory whole.</summary>
    public async IAsyncEnumerable<AuditEntry> AllAsync(TenantId tenant, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var after = 0L; ;)
        {
            var page = await PageAsync(tenant, after, ct).ConfigureAwait(false);
            foreach (var entry in page)
            {
                yield return entry;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            after = page[^1].Seq;
        }
    }

    /// <summary>Follows the chain from the first entry to the noted end, and says where it is broken.</summary>
    public async Task<AuditCheck> CheckAsync(TenantId tenant, CancellationToken ct)
    {
        // The end first: what is written meanwhile lies behind it and is left out.
        var (headSeq, headHash) = await HeadAsync(tenant, ct).ConfigureAwait(false);
        var chain = new AuditChain();
        var beyond = headSeq;
        await foreach (var entry in AllAsync(tenant, ct).ConfigureAwait(false))
        {
            if (entry.Seq > headSeq)
            {
                beyond = entry.Seq;
                continue;
            }

            chain.Add(entry);
        }

        // Entries behind the end are new ones, unless the end has not moved since.
        var check = chain.Finish(headSeq, headHash);
        return check.IsWhole && beyond > headSeq && (await HeadAsync(tenant, ct).ConfigureAwait(false)).Seq < beyond
            ? check with { Break = new AuditBreak(AuditBreakKind.WrongEnd, headSeq + 1) }
            : check;
    }

    private async Task<List<AuditEntry>> PageAsync(TenantId tenant, long after, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        return await session.QueryAsync(
            session.Of(Columns + " AND seq > $2 ORDER BY seq, audit_id LIMIT $3", Sql.P(after), Sql.P(PageSize)), Read, ct).ConfigureAwait(false);
    }

    private async Task<(long Seq, byte[] Hash)> HeadAsync(TenantId tenant, CancellationToken ct)
    {
        await using var session = await StorageSession.OpenAsync(source, tenant, ct).ConfigureAwait(false);
        var head = await session.QueryAsync(
            session.Of("SELECT seq, hash FROM audit_heads WHERE tenant_id = $1"), row => (row.GetInt64(0), row.GetFieldValue<byte[]>(1)), ct).ConfigureAwait(false);
        return head is [var found] ? found : (0, []);
    }

    private static AuditEntry Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.Moment(2), row.GetString(3), row.GetString(4), row.GetString(5), row.Text(6), row.Text(7), row.Text(8),
        row.Text(9), row.GetFieldValue<byte[]>(10), row.GetFieldValue<byte[]>(11));
}
