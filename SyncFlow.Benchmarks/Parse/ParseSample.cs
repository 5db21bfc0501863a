using SyncFlow.Channels;

namespace SyncFlow.Benchmarks.Parse;

/// <summary>A body as it is stored, and what it must be understood as.</summary>
/// <param name="Expected">Its facts as <see cref="FactText"/> writes them.</param>
internal sealed record ParseSample(InboundEvent Event, string Expected);
