using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SyncFlow.Storage.Auditing;

/// <summary>Follows a tenant's chain entry by entry, and computes every hash anew.</summary>
public sealed class AuditChain
{
    private byte[] last = [];

    private long seq;

    private long entries;

    private AuditBreak? broken;

    /// <summary>Takes the next entry, in the order of their places.</summary>
    public void Add(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        entries++;
        broken ??= BreakAt(entry);
        (seq, last) = (entry.Seq, entry.Hash);
    }

    /// <summary>What was found, once all entries were taken.</summary>
    /// <param name="headSeq">The place of the last entry as it is noted apart from the entries.</param>
    /// <param name="headHash">Its hash as noted.</param>
    public AuditCheck Finish(long headSeq, ReadOnlySpan<byte> headHash)
    {
        var atEnd = seq == headSeq && headHash.SequenceEqual(last);
        return new AuditCheck(
            entries, seq, Convert.ToHexStringLower(last), broken ?? (atEnd ? null : new AuditBreak(AuditBreakKind.WrongEnd, Math.Min(seq, headSeq) + 1)));
    }

    /// <summary>The hash that an entry must have.</summary>
    public static byte[] HashOf(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var text = new StringBuilder();
        Part(Convert.ToHexStringLower(entry.PrevHash));
        Part(entry.TenantId.ToString(CultureInfo.InvariantCulture));
        Part(entry.Seq.ToString(CultureInfo.InvariantCulture));
        Part(((entry.At.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond).ToString(CultureInfo.InvariantCulture));
        Part(entry.Actor);
        Part(entry.Action);
        Part(entry.Subject);
        Part(entry.Origin);
        Part(entry.Details);
        Part(entry.Before);
        Part(entry.After);
        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));

        // Each part with its length in bytes before it: no two entries are written alike.
        void Part(string? value) => _ = value is null
            ? text.Append('-')
            : text.Append(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(value)}:{value}");
    }

    private AuditBreak? BreakAt(AuditEntry entry)
    {
        if (entry.Seq != seq + 1)
        {
            return new AuditBreak(AuditBreakKind.Missing, seq + 1);
        }

        if (!entry.PrevHash.AsSpan().SequenceEqual(last))
        {
            return new AuditBreak(AuditBreakKind.NotLinked, entry.Seq);
        }

        return HashOf(entry).AsSpan().SequenceEqual(entry.Hash) ? null : new AuditBreak(AuditBreakKind.Changed, entry.Seq);
    }
}
