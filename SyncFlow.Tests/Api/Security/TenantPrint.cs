namespace SyncFlow.Tests.Api.Security;

/// <summary>A fingerprint of all that a tenant has: equal before and after means that nothing was changed.</summary>
internal static class TenantPrint
{
    public static async Task<string> TakeAsync(ApiApp app, long tenant)
    {
        var tables = await app.SqlAsync<string[]>(
            """
            SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'idempotency_keys'
              AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
            """);
        var prints = new List<string>();
        foreach (var table in tables)
        {
            // When something was last seen is not a change.
            var print = await app.SqlAsync<string>(
                $"""
                SELECT coalesce(md5(string_agg(r, '' ORDER BY r)), '')
                FROM (SELECT (to_jsonb(t) - 'last_used_at' - 'last_seen_at')::text AS r FROM {table} t WHERE tenant_id = $1) rows
                """,
                tenant);
            prints.Add($"{table} {print}");
        }

        return string.Join('\n', prints);
    }
}
