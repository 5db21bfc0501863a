using System.Buffers.Binary;

namespace SyncFlow.Core.Publishing;

/// <summary>What the id of a push tells by itself.</summary>
public static class PushIds
{
    private const int TimeVersion = 7;

    /// <summary>When a push with this id was planned, to the millisecond; null for an id that does not say.</summary>
    public static DateTimeOffset? PlannedAt(Guid id)
    {
        if (id.Version != TimeVersion)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(bytes) >> 16;
        return milliseconds >= 0 && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
    }
}
