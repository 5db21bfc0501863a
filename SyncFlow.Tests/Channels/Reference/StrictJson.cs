using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SyncFlow.Channels;
using SyncFlow.Channels.Shopify;

namespace SyncFlow.Tests.Channels.Reference;

/// <summary>
/// Reads fields of a payload and remembers the first thing that is wrong, by the field's path. Readers go on with a
/// harmless value after a problem, so that the code reads straight; whoever uses the result asks <see cref="Problem"/> first.
/// </summary>
internal sealed partial class StrictJson
{
    /// <summary>Greatest quantity taken; Shopify's own limit is below it.</summary>
    private const int MostUnits = 2_000_000_000;

    /// <summary>What is wrong first; null when nothing is. Holds names, never values.</summary>
    internal string? Problem { get; private set; }

    internal void Fail(string path, string why) => Problem ??= $"{path} {why}";

    /// <summary>An id, numeric or gid, as numeric text.</summary>
    internal string Id(in JsonElement parent, string path, string name)
    {
        if (OptionalId(parent, path, name) is { } id)
        {
            return id;
        }

        Fail(path + name, "is missing");
        return "";
    }

    internal string? OptionalId(in JsonElement parent, string path, string name)
    {
        if (!Has(parent, name, out var value))
        {
            return null;
        }

        var id = value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetUInt64(out var number) && number > 0 =>
                number.ToString(CultureInfo.InvariantCulture),
            JsonValueKind.String => ShopifyIds.Numeric(value.GetString()),
            _ => null,
        };
        if (id is null)
        {
            Fail(path + name, "is not an id");
        }

        return id;
    }

    /// <summary>A whole number ≥ 0.</summary>
    internal int Units(in JsonElement parent, string path, string name)
    {
        if (WholeNumber(parent, path, name) is not { } units)
        {
            Fail(path + name, "is missing");
            return 0;
        }

        if (units < 0)
        {
            Fail(path + name, "is negative");
        }

        return units;
    }

    /// <summary>A whole number of either sign; null when absent or null.</summary>
    internal int? WholeNumber(in JsonElement parent, string path, string name)
    {
        if (!Has(parent, name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            && number is >= -MostUnits and <= MostUnits)
        {
            return number;
        }

        Fail(path + name, "is not a whole number in range");
        return 0;
    }

    internal DateTimeOffset Moment(in JsonElement parent, string path, string name)
    {
        if (OptionalMoment(parent, path, name) is { } at)
        {
            return at;
        }

        Fail(path + name, "is missing");
        return default;
    }

    internal DateTimeOffset? OptionalMoment(in JsonElement parent, string path, string name)
    {
        if (!Has(parent, name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var at))
        {
            return at;
        }

        Fail(path + name, "is not a time");
        return default(DateTimeOffset);
    }

    /// <summary>A text; empty when absent or null.</summary>
    internal string Text(in JsonElement parent, string path, string name)
    {
        if (!Has(parent, name, out var value))
        {
            return "";
        }

        if (value.ValueKind == JsonValueKind.String && JsonText.Read(value) is { } text && !text.Contains('\0', StringComparison.Ordinal))
        {
            return text;
        }

        Fail(path + name, "is not a text that can be kept");
        return "";
    }

    /// <summary>An amount of money; null where there is none, or no such.</summary>
    internal decimal? Amount(in JsonElement parent, string name) =>
        Plain(parent, name, numbers: true) is { } text && AmountText().IsMatch(text) ? decimal.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>A currency; null where there is none, or no such.</summary>
    internal string? Currency(in JsonElement parent, string name) =>
        Plain(parent, name, numbers: false) is { } text && CurrencyText().IsMatch(text) ? text : null;

    private static string? Plain(in JsonElement parent, string name, bool numbers) => !Has(parent, name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && numbers ? value.GetRawText()
        : value.ValueKind == JsonValueKind.String ? JsonText.Read(value)
        : null;

    [GeneratedRegex(@"\A[0-9]{1,12}(\.[0-9]{1,4})?\z")]
    private static partial Regex AmountText();

    [GeneratedRegex(@"\A[A-Z]{3}\z")]
    private static partial Regex CurrencyText();

    /// <summary>A flag; false when absent or null.</summary>
    internal bool Flag(in JsonElement parent, string path, string name)
    {
        if (!Has(parent, name, out var value))
        {
            return false;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Fail(path + name, "is neither true nor false");
        return false;
    }

    /// <summary>An object; false when absent or null, which is a problem only where it is <paramref name="required"/>.</summary>
    internal bool Object(in JsonElement parent, string path, string name, bool required, out JsonElement value)
    {
        if (!Has(parent, name, out value))
        {
            if (required)
            {
                Fail(path + name, "is missing");
            }

            return false;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return true;
        }

        Fail(path + name, "is not an object");
        return false;
    }

    /// <summary>The objects of an array, each with its path; none when absent.</summary>
    internal IEnumerable<(JsonElement Item, string Path)> Items(JsonElement parent, string path, string name, bool required)
    {
        if (!Has(parent, name, out var array))
        {
            if (required)
            {
                Fail(path + name, "is missing");
            }

            yield break;
        }

        if (array.ValueKind != JsonValueKind.Array)
        {
            Fail(path + name, "is not a list");
            yield break;
        }

        var index = 0;
        foreach (var item in array.EnumerateArray())
        {
            var itemPath = string.Create(CultureInfo.InvariantCulture, $"{path}{name}[{index++}].");
            if (item.ValueKind == JsonValueKind.Object)
            {
                yield return (item, itemPath);
            }
            else
            {
                Fail(itemPath.TrimEnd('.'), "is not an object");
            }
        }
    }

    /// <summary>The nodes of a GraphQL connection. A connection cut off by its page is a problem: nothing may be missing.</summary>
    internal IEnumerable<(JsonElement Item, string Path)> Nodes(JsonElement parent, string path, string name)
    {
        if (!Object(parent, path, name, required: true, out var connection))
        {
            return [];
        }

        var inside = path + name + ".";
        if (Object(connection, inside, "pageInfo", required: true, out var page) && Flag(page, inside, "hasNextPage"))
        {
            Fail(path + name, "is not whole");
        }

        return Items(connection, inside, "nodes", required: true);
    }

    private static bool Has(in JsonElement parent, string name, out JsonElement value) =>
        parent.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
}
