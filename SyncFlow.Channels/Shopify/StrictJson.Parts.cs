using System.Text.Json;

namespace SyncFlow.Channels.Shopify;

/// <content>Objects and lists in a body.</content>
internal ref partial struct StrictJson
{
    private const int PageInfo = 0;
    private const int NodeList = 1;

    private static readonly JsonNames Connection = new("pageInfo", "nodes");
    private static readonly JsonNames Page = new("hasNextPage");
    private static readonly JsonNames ReferenceNames = new("id");

    /// <summary>The body's members. The reader stands at its beginning, and then at its end.</summary>
    internal static void Whole(ref Utf8JsonReader reader, scoped JsonMembers members) => Walk(ref reader, 0, members);

    /// <summary>
    /// The body's members up to a list that is to be read as it comes, with <see cref="InPlace"/>; false at the body's end.
    /// </summary>
    internal static bool Until(int list, ref Utf8JsonReader reader, scoped JsonMembers members) =>
        Walk(ref reader, 0, members, list);

    /// <summary>The items of a list at which the reader stands.</summary>
    internal JsonItems InPlace(Utf8JsonReader reader, string name)
    {
        var items = new JsonItems { Reader = reader, Outside = _path.Depth, Open = true };
        _path.Enter(name);
        return items;
    }

    /// <summary>An object; false when absent or null, which is a problem only where it is <paramref name="required"/>.</summary>
    internal bool Object(scoped JsonMembers of, int member, bool required, scoped JsonMembers inside)
    {
        if (!IsThere(of, member, required))
        {
            return false;
        }

        if (of[member].Kind != JsonTokenType.StartObject)
        {
            Fail(of.Name(member), "is not an object");
            return false;
        }

        inside.Values.Clear();
        var reader = At(of[member]);
        Walk(ref reader, of[member].Start, inside);
        return true;
    }

    /// <summary>Whether a member is a list; absent or null, it is a problem only where it is <paramref name="required"/>.</summary>
    internal bool IsList(scoped JsonMembers of, int member, bool required)
    {
        if (!IsThere(of, member, required))
        {
            return false;
        }

        if (of[member].Kind == JsonTokenType.StartArray)
        {
            return true;
        }

        Fail(of.Name(member), "is not a list");
        return false;
    }

    /// <summary>The objects of a list; none when absent.</summary>
    internal JsonItems Items(scoped JsonMembers of, int member, bool required) => ItemsFrom(of, member, required, _path.Depth);

    /// <summary>The nodes of a GraphQL connection. A connection cut off by its page is a problem: nothing may be missing.</summary>
    internal JsonItems Nodes(scoped JsonMembers of, int member)
    {
        var connection = new JsonMembers(Connection, stackalloc JsonValue[Connection.Count]);
        var page = new JsonMembers(Page, stackalloc JsonValue[Page.Count]);
        if (!Object(of, member, required: true, connection))
        {
            return default;
        }

        var outside = _path.Depth;
        _path.Enter(of.Name(member));
        if (Object(connection, PageInfo, required: true, page) && Flag(page, 0))
        {
            _path.Leave(outside);
            Fail(of.Name(member), "is not whole");
            _path.Enter(of.Name(member));
        }

        return ItemsFrom(connection, NodeList, required: true, outside);
    }

    /// <summary>On to the next object of a list, with its members; false at the end. What is no object is a problem.</summary>
    internal bool Next(ref JsonItems items, scoped JsonMembers item)
    {
        while (items.Open && items.Reader.Read() && items.Reader.TokenType != JsonTokenType.EndArray)
        {
            _path.Next();
            if (items.Reader.TokenType == JsonTokenType.StartObject)
            {
                item.Values.Clear();
                Walk(ref items.Reader, items.Start, item);
                return true;
            }

            _problem ??= _path.Whole() + " is not an object";
            items.Reader.Skip();
        }

        Close(ref items);
        return false;
    }

    /// <summary>The rest of a list is not read.</summary>
    internal void Close(ref JsonItems items)
    {
        if (items.Open)
        {
            items.Open = false;
            _path.Leave(items.Outside);
        }
    }

    /// <summary>Into an object whose members are read.</summary>
    internal void Enter(scoped JsonMembers of, int member) => _path.Enter(of.Name(member));

    internal void Leave() => _path.Leave(_path.Depth - 1);

    /// <summary>The id of an object; 0 when there is no object.</summary>
    internal ulong ReferenceNumber(scoped JsonMembers of, int member) => HasReference(of, member, out var id) ? id : 0;

    /// <summary>Whether there is an object, with its id.</summary>
    internal bool HasReference(scoped JsonMembers of, int member, out ulong id)
    {
        var inside = new JsonMembers(ReferenceNames, stackalloc JsonValue[ReferenceNames.Count]);
        id = 0;
        if (!Object(of, member, required: false, inside))
        {
            return false;
        }

        Enter(of, member);
        id = IdNumber(inside, 0);
        Leave();
        return true;
    }

    private JsonItems ItemsFrom(scoped JsonMembers of, int member, bool required, int outside)
    {
        if (!IsList(of, member, required))
        {
            _path.Leave(outside);
            return default;
        }

        var items = new JsonItems { Reader = At(of[member]), Start = of[member].Start, Outside = outside, Open = true };
        _path.Enter(of.Name(member));
        return items;
    }

    private bool IsThere(scoped JsonMembers of, int member, bool required)
    {
        if (Has(of[member]))
        {
            return true;
        }

        if (required)
        {
            Fail(of.Name(member), "is missing");
        }

        return false;
    }

    /// <summary>Through an object to its end, past what is not wanted; or to a list that is to be read in place.</summary>
    /// <param name="start">Where in the body the reader's bytes begin.</param>
    private static bool Walk(ref Utf8JsonReader reader, int start, scoped JsonMembers members, int inPlace = -1)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = members.Names.Find(in reader, members.Values);
            reader.Read();
            if (member < 0)
            {
                reader.Skip();
                continue;
            }

            var (kind, began, escaped) = (reader.TokenType, (int)reader.TokenStartIndex, reader.ValueIsEscaped);
            if (member == inPlace && kind == JsonTokenType.StartArray)
            {
                members.Values[member] = new JsonValue(kind, start + began, 0, false);
                return true;
            }

            reader.Skip();
            members.Values[member] = new JsonValue(kind, start + began, (int)reader.BytesConsumed - began, escaped);
        }

        return false;
    }
}
