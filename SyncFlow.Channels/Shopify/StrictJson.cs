using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// Reads members of a body where they stand, in any order, and remembers the first thing that is wrong, by the member's
/// path. Readers go on with a harmless value after a problem, so that the code reads straight; whoever uses the result asks
/// <see cref="Problem"/> first. Of members of one name the last counts. Nothing is allocated but what a reader keeps.
/// </summary>
internal ref partial struct StrictJson(ReadOnlySpan<byte> body)
{
    /// <summary>Greatest quantity taken; Shopify's own limit is below it.</summary>
    private const int MostUnits = 2_000_000_000;

    private readonly ReadOnlySpan<byte> _body = body;
    private JsonPath _path;
    private string? _problem;
    private bool _undecodable;

    /// <summary>What is wrong, first; null when nothing is. Holds names, never values.</summary>
    internal readonly string? Problem => _undecodable ? "body holds text that is not Unicode" : _problem;

    /// <summary>Something is wrong with a member of the object that the reader is in.</summary>
    internal void Fail(string name, string why) => _problem ??= $"{_path.To(name)} {why}";

    /// <summary>What was found wrong by a reader that went ahead counts from here on.</summary>
    internal void Join(in StrictJson ahead)
    {
        _problem ??= ahead._problem;
        _undecodable |= ahead._undecodable;
    }

    /// <summary>An id, numeric or gid; 0 where there is none.</summary>
    internal ulong IdNumber(scoped JsonMembers of, int member)
    {
        var id = OptionalIdNumber(of, member, out var has);
        if (!has)
        {
            Fail(of.Name(member), "is missing");
        }

        return id;
    }

    /// <summary>An id as numeric text.</summary>
    internal string Id(scoped JsonMembers of, int member) => Reference(IdNumber(of, member)) ?? "";

    /// <summary>An id as numeric text; null when absent or null.</summary>
    internal string? OptionalId(scoped JsonMembers of, int member) => Reference(OptionalIdNumber(of, member, out _));

    /// <summary>A number as references are written; null for 0, which is no id.</summary>
    internal static string? Reference(ulong id) => id == 0 ? null : id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A whole number ≥ 0.</summary>
    internal int Units(scoped JsonMembers of, int member)
    {
        if (WholeNumber(of, member) is not { } units)
        {
            Fail(of.Name(member), "is missing");
            return 0;
        }

        if (units < 0)
        {
            Fail(of.Name(member), "is negative");
        }

        return units;
    }

    /// <summary>A whole number of either sign; null when absent or null.</summary>
    internal int? WholeNumber(scoped JsonMembers of, int member)
    {
        if (!Has(of[member]))
        {
            return null;
        }

        var text = Bytes(of[member]);
        if (of[member].Kind == JsonTokenType.Number && Utf8Parser.TryParse(text, out int number, out var read) && read == text.Length
            && number is >= -MostUnits and <= MostUnits)
        {
            return number;
        }

        Fail(of.Name(member), "is not a whole number in range");
        return 0;
    }

    internal DateTimeOffset Moment(scoped JsonMembers of, int member)
    {
        if (OptionalMoment(of, member) is { } at)
        {
            return at;
        }

        Fail(of.Name(member), "is missing");
        return default;
    }

    internal DateTimeOffset? OptionalMoment(scoped JsonMembers of, int member)
    {
        if (!Has(of[member]))
        {
            return null;
        }

        try
        {
            if (of[member].Kind == JsonTokenType.String && At(of[member]).TryGetDateTimeOffset(out var at))
            {
                return at;
            }
        }
        catch (InvalidOperationException)
        {
            _undecodable = true;
        }

        Fail(of.Name(member), "is not a time");
        return default(DateTimeOffset);
    }

    /// <summary>A text; empty when absent or null.</summary>
    internal string Text(scoped JsonMembers of, int member)
    {
        var word = Word(of, member);
        return word.SequenceEqual("web"u8) ? "web" : Encoding.UTF8.GetString(word);
    }

    /// <summary>A text to be compared; empty when absent or null.</summary>
    internal ReadOnlySpan<byte> Word(scoped JsonMembers of, int member)
    {
        var value = of[member];
        if (!Has(value))
        {
            return [];
        }

        if (value.Kind == JsonTokenType.String)
        {
            if (!value.IsEscaped && Bytes(value)[1..^1] is var word && Utf8.IsValid(word))
            {
                return word;
            }

            if (value.IsEscaped && Decoded(value) is { } text && !text.Contains('\0', StringComparison.Ordinal))
            {
                return Encoding.UTF8.GetBytes(text);
            }
        }

        Fail(of.Name(member), "is not a text that can be kept");
        return [];
    }

    /// <summary>Whether a member is this text; other texts need not be such as can be kept.</summary>
    internal bool Is(scoped JsonMembers of, int member, ReadOnlySpan<byte> text)
    {
        if (!Has(of[member]) || of[member].Kind != JsonTokenType.String)
        {
            return false;
        }

        if (!of[member].IsEscaped && Bytes(of[member])[1..^1] is var found && Utf8.IsValid(found))
        {
            return found.SequenceEqual(text);
        }

        var decoded = Decoded(of[member]);
        _undecodable |= decoded is null;
        return decoded is not null && Encoding.UTF8.GetBytes(decoded).AsSpan().SequenceEqual(text);
    }

    /// <summary>
    /// An amount of money, not below zero, at most twelve digits and four decimals; null where there is none. What says no such
    /// amount is none: an order is about stock, whatever stands in its prices.
    /// </summary>
    internal decimal? Amount(scoped JsonMembers of, int member)
    {
        var text = Plain(of[member], numbers: true);
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        var rest = point < 0 ? [] : text[(point + 1)..];
        return whole.Length is > 0 and <= 12 && rest.Length <= 4 && (point < 0) == (rest.Length == 0)
            && !whole.ContainsAnyExceptInRange((byte)'0', (byte)'9') && !rest.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(text, out decimal amount, out _)
            ? amount
            : null;
    }

    /// <summary>A currency: three capital letters; null where none is said.</summary>
    internal string? Currency(scoped JsonMembers of, int member)
    {
        var text = Plain(of[member], numbers: false);
        return text.Length != 3 || text.ContainsAnyExceptInRange((byte)'A', (byte)'Z') ? null
            : text.SequenceEqual("EUR"u8) ? "EUR"
            : text.SequenceEqual("USD"u8) ? "USD"
            : Encoding.ASCII.GetString(text);
    }

    /// <summary>The bytes of a text, or of a number, whatever it says; none where it is neither, or cannot be decoded.</summary>
    private ReadOnlySpan<byte> Plain(JsonValue value, bool numbers) => !Has(value) ? []
        : value.Kind == JsonTokenType.Number && numbers ? Bytes(value)
        : value.Kind != JsonTokenType.String ? []
        : !value.IsEscaped ? Bytes(value)[1..^1]
        : Decoded(value) is { } text ? Encoding.UTF8.GetBytes(text)
        : [];

    /// <summary>A flag; false when absent or null.</summary>
    internal bool Flag(scoped JsonMembers of, int member)
    {
        if (!Has(of[member]) || of[member].Kind is JsonTokenType.True or JsonTokenType.False)
        {
            return of[member].Kind == JsonTokenType.True;
        }

        Fail(of.Name(member), "is neither true nor false");
        return false;
    }

    /// <summary>Whether an object has a member that is not null.</summary>
    internal bool Has(JsonValue value)
    {
        _undecodable |= value.Kind == JsonValue.Undecodable.Kind;
        return value.Kind is not (JsonTokenType.None or JsonTokenType.Null or JsonTokenType.Comment);
    }

    private ulong OptionalIdNumber(scoped JsonMembers of, int member, out bool has)
    {
        var value = of[member];
        has = Has(value);
        if (!has)
        {
            return 0;
        }

        var bytes = Bytes(value);
        ulong id = 0;
        if (value.Kind == JsonTokenType.Number)
        {
            id = Utf8Parser.TryParse(bytes, out ulong number, out var read) && read == bytes.Length ? number : 0;
        }
        else if (value.Kind == JsonTokenType.String)
        {
            if (!value.IsEscaped && Ascii.IsValid(bytes))
            {
                id = ShopifyIds.Number(bytes[1..^1]);
            }
            else if (Decoded(value) is { } text)
            {
                id = ShopifyIds.Number(Encoding.UTF8.GetBytes(text));
            }
            else
            {
                _undecodable = true;
            }
        }

        if (id == 0)
        {
            Fail(of.Name(member), "is not an id");
        }

        return id;
    }

    private readonly ReadOnlySpan<byte> Bytes(JsonValue value) => _body.Slice(value.Start, value.Length);

    /// <summary>A reader that stands at a value.</summary>
    private readonly Utf8JsonReader At(JsonValue value)
    {
        var reader = new Utf8JsonReader(Bytes(value));
        reader.Read();
        return reader;
    }

    /// <summary>A text, or null where it is not Unicode.</summary>
    private readonly string? Decoded(JsonValue value)
    {
        try
        {
            return At(value).GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
