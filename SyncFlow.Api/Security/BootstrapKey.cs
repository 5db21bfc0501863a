using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Security;

/// <summary>
/// Stores the API key that the host was given, hashed, with the first tenant. Done before the first request is taken;
/// done again it changes nothing.
/// </summary>
internal sealed partial class BootstrapKey(IConfiguration configuration, BootstrapStore keys, ILogger<BootstrapKey> log) : IHostedService
{
    /// <summary>Shorter keys could be guessed.</summary>
    private const int ShortestKey = 16;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var key = configuration["SyncFlow:BootstrapApiKey"];
        if (string.IsNullOrWhiteSpace(key))
        {
            return;
        }

        if (key.Length < ShortestKey)
        {
            throw new InvalidOperationException($"SyncFlow:BootstrapApiKey must have {ShortestKey} characters or more.");
        }

        if (await keys.EnsureKeyAsync(Secrets.Hash(key), cancellationToken).ConfigureAwait(false))
        {
            Stored(log);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "The bootstrap API key was stored for the first tenant.")]
    private static partial void Stored(ILogger log);
}
