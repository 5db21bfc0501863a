using System.Globalization;
using Npgsql;

namespace SyncFlow.Storage.Sessions;

/// <summary>What every transaction begins with: the tenant for row-level security, and who acts.</summary>
internal static class TenantSetting
{
    private const string Alone = "SELECT set_config('app.tenant_id', $1, true)";

    private const string WithActor =
        """
        SELECT set_config('app.tenant_id', $1, true), set_config('app.actor', $2, true), set_config('app.origin', $3, true),
          set_config('app.locations', $4, true)
        """;

    /// <summary>The settings last as long as the transaction.</summary>
    public static NpgsqlBatchCommand Of(long tenant)
    {
        var number = Sql.P(tenant.ToString(CultureInfo.InvariantCulture));
        return Acting.Current is not { } actor
            ? new NpgsqlBatchCommand(Alone) { Parameters = { number } }
            : new NpgsqlBatchCommand(WithActor)
            {
                Parameters = { number, Sql.P(actor.Name), Sql.P(actor.Origin ?? ""), Sql.P(LocationsOf(actor)) },
            };
    }

    // No location at all must not read as all of them: 0 is nobody's.
    private static string LocationsOf(Actor actor) => actor.Locations switch
    {
        null => "",
        { Count: 0 } => "0",
        { } some => string.Join(',', some),
    };
}
