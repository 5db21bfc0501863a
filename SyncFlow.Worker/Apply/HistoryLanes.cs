using SyncFlow.Core;

namespace SyncFlow.Worker.Apply;

/// <summary>
/// What happens now goes before history. While a tenant has both, one lane books history, in small batches, and looks for
/// live events before each; the other lanes take live events only. So a live event waits for no more than a small batch,
/// and history that is known to wait gets one after at most one of live events. A tenant that has history alone books it in
/// all its lanes.
/// </summary>
/// <param name="lanesPerTenant">Lanes that one tenant may take.</param>
internal sealed class HistoryLanes(int lanesPerTenant, TimeProvider time)
{
    /// <summary>How long after a live event more of them are expected.</summary>
    public static readonly TimeSpan LiveFor = TimeSpan.FromSeconds(2);

    /// <summary>How often history is looked for among live events while none is known to wait.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Dictionary<TenantId, Standing> standings = [];
    private readonly Lock gate = new();

    /// <summary>What a turn may take.</summary>
    /// <param name="MayTakeHistory">Whether history is among it.</param>
    /// <param name="HistoryFirst">Whether it is looked for first: live events came before it last time.</param>
    /// <param name="IsAlone">Whether no live events are expected, so that batches may be large.</param>
    public readonly record struct Turn(bool MayTakeHistory, bool HistoryFirst, bool IsAlone);

    /// <summary>A turn begins; <see cref="End"/> is to follow.</summary>
    public Turn Begin(TenantId tenant)
    {
        lock (gate)
        {
            var standing = standings.TryGetValue(tenant, out var known) ? known : standings[tenant] = new Standing { LookedAt = time.GetTimestamp() };
            var alone = !(standing.LiveAt is { } at && time.GetElapsedTime(at) < LiveFor);
            var may = standing.Lanes < (alone ? lanesPerTenant : 1);
            standing.Lanes += may ? 1 : 0;
            var due = standing.Waits || time.GetElapsedTime(standing.LookedAt) >= LookEvery;
            return new Turn(may, may && standing.IsOwed && due, alone);
        }
    }

    /// <summary>A turn is over.</summary>
    /// <param name="live">Live events that it took.</param>
    /// <param name="history">Events of history that it took; null where it did not look for any.</param>
    /// <returns>Whether more history may wait that this lane may take.</returns>
    public bool End(TenantId tenant, Turn turn, int live, int? history)
    {
        lock (gate)
        {
            var standing = standings[tenant];
            standing.Lanes -= turn.MayTakeHistory ? 1 : 0;
            standing.LiveAt = live > 0 ? time.GetTimestamp() : standing.LiveAt;
            if (history is { } taken)
            {
                (standing.Waits, standing.IsOwed, standing.LookedAt) = (taken > 0, false, time.GetTimestamp());
            }
            else
            {
                standing.IsOwed |= turn.MayTakeHistory && live > 0;
            }

            return turn.MayTakeHistory && standing.Waits;
        }
    }

    private sealed class Standing
    {
        /// <summary>Turns that may take history now.</summary>
        public int Lanes { get; set; }

        /// <summary>The last look for history found some.</summary>
        public bool Waits { get; set; }

        /// <summary>Live events were taken before a look for history.</summary>
        public bool IsOwed { get; set; }

        /// <summary>When history was last looked for.</summary>
        public long LookedAt { get; set; }

        /// <summary>When live events were last taken.</summary>
        public long? LiveAt { get; set; }
    }
}
