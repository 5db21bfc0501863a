using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace SyncFlow.ServiceDefaults.Health;

/// <summary>Without PostgreSQL nothing can be accepted, so a process that cannot reach it is not ready.</summary>
internal sealed class PostgresHealth(NpgsqlDataSource source) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            using var command = source.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy("answers");
        }
        catch (NpgsqlException failure)
        {
            // The server's own words; Npgsql keeps credentials out of its messages.
            return HealthCheckResult.Unhealthy(failure.Message);
        }
    }
}
