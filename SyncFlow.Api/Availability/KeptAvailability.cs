using SyncFlow.Core;
using SyncFlow.Core.Ledger;
using SyncFlow.Core.Levels;
using SyncFlow.Core.Stock;
using SyncFlow.Storage.Availability;

namespace SyncFlow.Api.Availability;

/// <summary>Figures of a SKU as they are kept: with all that tells whether they still hold.</summary>
/// <param name="Snapshot">The database's snapshot before they were computed.</param>
/// <param name="ComputedAt">By the database's clock.</param>
/// <param name="Until">When they end by themselves; null for never.</param>
/// <param name="Members">The SKU and all that kits tie to it, as they were then.</param>
/// <param name="Names">Codes of the figures' locations, in their order.</param>
internal sealed record KeptAvailability(
    SnapshotMark Snapshot, DateTimeOffset ComputedAt, DateTimeOffset? Until, IReadOnlyList<SkuStamp> Members, SkuAvailability Figures,
    IReadOnlyList<string> Names)
{
    /// <summary>The first byte; another when the form changes.</summary>
    private const byte Form = 1;

    public byte[] Write()
    {
        using var bytes = new MemoryStream(256);
        using var writer = new BinaryWriter(bytes);
        writer.Write(Form);
        writer.Write(Snapshot.Text);
        writer.Write(ComputedAt.UtcTicks);
        writer.Write(Until?.UtcTicks ?? 0);
        writer.Write7BitEncodedInt(Members.Count);
        foreach (var member in Members)
        {
            writer.Write7BitEncodedInt64(member.SkuId);
            writer.Write7BitEncodedInt64(member.Version);
            writer.Write(member.At.UtcTicks);
        }

        writer.Write7BitEncodedInt64(Figures.Sku.Value);
        writer.Write(Figures.IsKit);
        writer.Write(Figures.Exposure.Available);
        writer.Write(Figures.Exposure.UpperBound);
        writer.Write(Figures.Exposure.Units);
        writer.Write(Figures.Exposure.Cause);
        writer.Write7BitEncodedInt(Figures.Places.Length);
        for (var i = 0; i < Figures.Places.Length; i++)
        {
            Write(writer, Figures.Places[i], Names[i]);
        }

        return bytes.ToArray();
    }

    /// <summary>What was written; null where it is of another form.</summary>
    public static KeptAvailability? Read(byte[] kept)
    {
        if (kept.Length == 0 || kept[0] != Form)
        {
            return null;
        }

        try
        {
            using var reader = new BinaryReader(new MemoryStream(kept, 1, kept.Length - 1, writable: false));
            var snapshot = SnapshotMark.Parse(reader.ReadString());
            var (computed, until) = (Moment(reader), reader.ReadInt64());
            var members = new SkuStamp[reader.Read7BitEncodedInt()];
            for (var i = 0; i < members.Length; i++)
            {
                members[i] = new SkuStamp(reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), Moment(reader));
            }

            var (sku, kit) = (new SkuId(reader.Read7BitEncodedInt64()), reader.ReadBoolean());
            var exposure = new Exposure(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadString());
            var places = new (PlaceAvailability Place, string Name)[reader.Read7BitEncodedInt()];
            for (var i = 0; i < places.Length; i++)
            {
                places[i] = ReadPlace(reader);
            }

            return new KeptAvailability(
                snapshot, computed, until == 0 ? null : new DateTimeOffset(until, TimeSpan.Zero), members,
                new SkuAvailability(sku, kit, exposure, [.. places.Select(p => p.Place)]), [.. places.Select(p => p.Name)]);
        }
        catch (Exception failure) when (failure is IOException or FormatException or ArgumentException or OverflowException)
        {
            return null; // Not ours, or cut short.
        }
    }

    private static void Write(BinaryWriter writer, PlaceAvailability place, string name)
    {
        writer.Write7BitEncodedInt64(place.Location.Value);
        writer.Write(name);
        writer.Write7BitEncodedInt(place.Group);
        writer.Write(place.FulfillsOnline);
        writer.Write(place.Opened);
        writer.Write(place.Ats);
        foreach (var bucket in Enum.GetValues<Bucket>())
        {
            writer.Write7BitEncodedInt(place.Buckets[bucket]);
        }
    }

    private static (PlaceAvailability Place, string Name) ReadPlace(BinaryReader reader)
    {
        var (location, name) = (new LocationId(reader.Read7BitEncodedInt64()), reader.ReadString());
        var (group, online, opened, ats) = (reader.Read7BitEncodedInt(), reader.ReadBoolean(), reader.ReadBoolean(), reader.ReadInt32());
        var buckets = default(Buckets);
        foreach (var bucket in Enum.GetValues<Bucket>())
        {
            buckets = buckets.Add(bucket, reader.Read7BitEncodedInt());
        }

        return (new PlaceAvailability(location, group, online, opened, buckets, ats), name);
    }

    private static DateTimeOffset Moment(BinaryReader reader) => new(reader.ReadInt64(), TimeSpan.Zero);
}
