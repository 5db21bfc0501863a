using SyncFlow.Api.Http;
using SyncFlow.Channels.Sources.Mapping;
using SyncFlow.Storage.Sources.Mappings;

namespace SyncFlow.Api.Sources.Mappings;

/// <summary>Finds the mapping that a call means.</summary>
internal sealed class MappingBook(SourceMappingDesk desk)
{
    /// <summary>Means our own columns or events.</summary>
    public const string Standard = "standard";

    /// <summary>The mapping a call names, else the source's own; null where neither is, or the standard is meant.</summary>
    /// <exception cref="RequestRefusedException">There is none of this name.</exception>
    public async Task<SourceMapping?> FindAsync(long tenant, long source, string? named, CancellationToken ct)
    {
        var name = named ?? await desk.OfSourceAsync(tenant, source, ct).ConfigureAwait(false);
        if (name is null or Standard)
        {
            return null;
        }

        return await ReadAsync(tenant, name, ct).ConfigureAwait(false) ?? throw new RequestRefusedException(Problem.Invalid("mapping", $"There is no mapping '{name}'."));
    }

    /// <summary>A mapping by its name, the tenant's own or a ready one; null where there is none.</summary>
    public async Task<SourceMapping?> ReadAsync(long tenant, string name, CancellationToken ct)
    {
        var own = await desk.FindAsync(tenant, name, ct).ConfigureAwait(false);
        return ReadyMappings.Read(name, own?.Document);
    }
}
