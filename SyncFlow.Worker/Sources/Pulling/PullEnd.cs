using SyncFlow.Core.Faults;

namespace SyncFlow.Worker.Sources.Pulling;

/// <summary>How asking a source for one of its feeds ended.</summary>
/// <param name="Fault">Why it came to nothing; null where it is done, or the source was frozen.</param>
/// <param name="Anew">Whether the next round begins anew, not at the cursor.</param>
/// <param name="Contained">Of positions: up to where they contain everything, in the source's own values.</param>
internal readonly record struct PullEnd(ChannelFault? Fault, bool Anew = false, long? Contained = null);
