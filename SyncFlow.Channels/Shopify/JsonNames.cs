using System.Text;
using System.Text.Json;

namespace SyncFlow.Channels.Shopify;

/// <summary>The members that a reader wants of an object; all others are passed over.</summary>
internal sealed class JsonNames
{
    private readonly string[] _names;
    private readonly byte[][] _utf8;

    /// <summary>A bit for each length that a name has, for most members of a body have none of them.</summary>
    private readonly ulong _lengths;

    /// <param name="names">Of letters, digits and underscores, below 64; a member is known by its place among them.</param>
    internal JsonNames(params string[] names)
    {
        _names = names;
        _utf8 = Array.ConvertAll(names, Encoding.UTF8.GetBytes);
        foreach (var name in _utf8)
        {
            _lengths |= 1UL << name.Length;
        }
    }

    internal int Count => _names.Length;

    internal string this[int member] => _names[member];

    /// <summary>Which of them the reader stands at; -1 when it is none.</summary>
    /// <param name="values">
    /// Where a name cannot be decoded and may be one of them, that one's value is one that cannot be read.
    /// </param>
    internal int Find(ref readonly Utf8JsonReader reader, scoped Span<JsonValue> values)
    {
        var name = reader.ValueSpan;
        if (reader.ValueIsEscaped)
        {
            return FindEscaped(in reader, values);
        }

        if (name.Length < 64 && (_lengths >> name.Length & 1) != 0)
        {
            for (var i = 0; i < _utf8.Length; i++)
            {
                if (name.SequenceEqual(_utf8[i]))
                {
                    return i;
                }
            }
        }

        return -1;
    }

    private int FindEscaped(ref readonly Utf8JsonReader reader, scoped Span<JsonValue> values)
    {
        var escaped = reader.ValueSpan;
        var plain = escaped[..escaped.IndexOf((byte)'\\')];
        for (var i = 0; i < _utf8.Length; i++)
        {
            // An escape is longer than what it stands for: a name as long as this one is another, whatever it holds.
            if (_utf8[i].Length >= escaped.Length || _utf8[i].Length <= plain.Length || !_utf8[i].AsSpan().StartsWith(plain))
            {
                continue;
            }

            try
            {
                if (reader.ValueTextEquals(_utf8[i]))
                {
                    return i;
                }
            }
            catch (InvalidOperationException)
            {
                values[i] = JsonValue.Undecodable; // Half of a surrogate pair: what it was to name cannot be known.
            }
        }

        return -1;
    }
}
