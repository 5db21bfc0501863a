using Npgsql;
using SyncFlow.Storage.Sessions;

namespace SyncFlow.Storage.Connections;

/// <summary>A line of the audit log about access and what was done with it. Details never hold a secret.</summary>
internal static class AuditEntry
{
    /// <summary>The statement that writes it.</summary>
    /// <param name="session">Whose log.</param>
    /// <param name="at">When.</param>
    /// <param name="actor">Who: a key's name, a user, or a part of SyncFlow.</param>
    /// <param name="action">What was done, in one word.</param>
    /// <param name="subject">To what, for example <c>connection:7</c>.</param>
    /// <param name="what">In which way.</param>
    public static NpgsqlBatchCommand Of(
        StorageSession session, DateTimeOffset at, string actor, string action, string subject, string what) => session.Of(
        """
        INSERT INTO audit_log (tenant_id, at, actor, action, subject, details)
        VALUES ($1, $2, $3, $4, $5, jsonb_build_object('what', $6::text))
        """,
        Sql.P(at), Sql.P(actor), Sql.P(action), Sql.P(subject), Sql.P(what));
}
