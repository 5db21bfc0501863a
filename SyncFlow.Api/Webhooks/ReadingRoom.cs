using System.Diagnostics.Metrics;

namespace SyncFlow.Api.Webhooks;

/// <summary>Limits of a <see cref="ReadingRoom"/>.</summary>
/// <param name="Bytes">Most bytes of bodies on their way to us.</param>
/// <param name="OwnerBytes">Most of one owner.</param>
/// <param name="Large">
/// Bodies above this have three quarters of either, so that a few large ones that come slowly never keep the usual ones out.
/// </param>
/// <param name="Patience">How long a body may keep others out before it has to go.</param>
/// <param name="Longest">Longest a body may take at all; its sender gives up after five seconds.</param>
internal sealed record ReadingLimits(long Bytes, long OwnerBytes, long Large, TimeSpan Patience, TimeSpan Longest)
{
    /// <summary>What the smallest body counts.</summary>
    public const int Least = 16 << 10;

    public static ReadingLimits Default { get; } =
        new(32L << 20, 16L << 20, 256 << 10, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
}

/// <summary>Why the reading of a body was stopped.</summary>
internal enum PlaceEnd
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>It took longer than any body may.</summary>
    TooSlow,

    /// <summary>It had to make room for another.</summary>
    SentAway,
}

/// <summary>
/// Room for bodies that are still on their way, which nobody knows to be genuine yet. It is apart from the room of what
/// waits to be stored, so that a stranger who knows a shop's name takes nothing of the shop's own; and who has been at it
/// for long goes when there is no room for another.
/// </summary>
internal sealed class ReadingRoom(ReadingLimits limits, TimeProvider time)
{
    private static readonly Meter Meter = new("SyncFlow.Inbox");

    private static readonly Counter<long> Refusals =
        Meter.CreateCounter<long>("syncflow.inbox.bodies_refused", "{body}", "Bodies for which there was no room, or which had to make room or took too long");

    private readonly Lock gate = new();
    private readonly LinkedList<Place> places = new();
    private readonly Dictionary<long, long> ofOwner = [];

    /// <summary>Bytes that have room now.</summary>
    public long Taken { get; private set; }

    /// <summary>Room for a body of this many bytes, to be given back by disposing it; null where there is none.</summary>
    /// <param name="owner">Whose it says it is.</param>
    /// <param name="bytes">As declared, or the most where it is not.</param>
    /// <param name="stop">Stops the reading; called at most once, and not after the room was given back.</param>
    public Place? Enter(long owner, int bytes, Action stop)
    {
        var wanted = Math.Max(bytes, ReadingLimits.Least);
        var share = wanted > limits.Large ? 3 : 4;
        var now = time.GetTimestamp();
        List<Place>? sentAway = null;
        Place? place = null;
        lock (gate)
        {
            while (Next(owner, wanted, share, now) is { } slow)
            {
                Remove(slow);
                (sentAway ??= []).Add(slow);
            }

            if (Fits(owner, wanted, share))
            {
                place = new Place(this, owner, wanted, now, stop);
                places.AddLast(place.Node);
                Taken += wanted;
                ofOwner[owner] = ofOwner.GetValueOrDefault(owner) + wanted;
            }
        }

        sentAway?.ForEach(slow => slow.End(PlaceEnd.SentAway));
        if (place is null)
        {
            Refusals.Add(1);
            return null;
        }

        place.Begin(limits.Longest, time);
        return place;
    }

    private bool Fits(long owner, int wanted, int share) => FitsHouse(wanted, share) && FitsOwner(owner, wanted, share);

    private bool FitsHouse(int wanted, int share) => Taken + wanted <= limits.Bytes * share / 4;

    private bool FitsOwner(long owner, int wanted, int share) =>
        ofOwner.GetValueOrDefault(owner) + wanted <= limits.OwnerBytes * share / 4;

    /// <summary>The one that is to go, so that there is room; null where there is room already, or nobody has been at it for long.</summary>
    private Place? Next(long owner, int wanted, int share, long now)
    {
        var (house, own) = (FitsHouse(wanted, share), FitsOwner(owner, wanted, share));
        if (house && own)
        {
            return null;
        }

        // The eldest are first; seldom is one beyond patience.
        for (var node = places.First; node is not null && time.GetElapsedTime(node.Value.Since, now) > limits.Patience; node = node.Next)
        {
            if (own || node.Value.Owner == owner)
            {
                return node.Value;
            }
        }

        return null;
    }

    private void Remove(Place place)
    {
        places.Remove(place.Node);
        Taken -= place.Bytes;
        if ((ofOwner[place.Owner] -= place.Bytes) == 0)
        {
            ofOwner.Remove(place.Owner);
        }
    }

    private void Leave(Place place)
    {
        lock (gate)
        {
            if (place.Node.List is not null)
            {
                Remove(place);
            }
        }
    }

    /// <summary>The room of one body.</summary>
    internal sealed class Place : IDisposable
    {
        private readonly ReadingRoom room;
        private readonly Action stop;
        private readonly Lock ending = new();
        private ITimer? timer;
        private bool left;

        public Place(ReadingRoom room, long owner, int bytes, long since, Action stop)
        {
            (this.room, Owner, Bytes, Since, this.stop) = (room, owner, bytes, since, stop);
            Node = new LinkedListNode<Place>(this);
        }

        public long Owner { get; }

        public int Bytes { get; }

        public long Since { get; }

        public LinkedListNode<Place> Node { get; }

        /// <summary>Whether its reading was stopped, and why.</summary>
        public PlaceEnd Ended { get; private set; }

        public void Begin(TimeSpan longest, TimeProvider time) =>
            timer = time.CreateTimer(static place => ((Place)place!).End(PlaceEnd.TooSlow), this, longest, Timeout.InfiniteTimeSpan);

        public void End(PlaceEnd why)
        {
            lock (ending)
            {
                if (left || Ended != PlaceEnd.None)
                {
                    return;
                }

                Ended = why;
                Refusals.Add(1);
                stop();
            }
        }

        public void Dispose()
        {
            lock (ending)
            {
                left = true;
            }

            timer?.Dispose();
            room.Leave(this);
        }
    }
}
