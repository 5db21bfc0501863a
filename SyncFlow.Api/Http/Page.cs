using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Mvc;

namespace SyncFlow.Api.Http;

/// <summary>A page of a list.</summary>
/// <param name="Items">At most as many as asked for.</param>
/// <param name="Next">Pass it as <c>cursor</c> for the next page; null on the last one.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Which page is asked for.</summary>
internal sealed record PageQuery
{
    public const int DefaultLimit = 100;
    public const int MostItems = 500;

    /// <summary><c>next</c> of the page before; left out for the first page.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }

    /// <summary>How many items, 1 to 500; 100 when left out.</summary>
    [FromQuery(Name = "limit")]
    public int? Limit { get; init; }

    /// <summary>One item more than asked for is read: it tells whether there is another page.</summary>
    /// <exception cref="RequestRefusedException">The limit is out of range.</exception>
    public int ReadCount
    {
        get
        {
            var limit = Limit ?? DefaultLimit;
            return limit is >= 1 and <= MostItems
                ? limit + 1
                : throw new RequestRefusedException(Problem.Invalid("limit", $"A number from 1 to {MostItems}."));
        }
    }

    /// <summary>The text position after which the page begins; null for the first page.</summary>
    /// <exception cref="RequestRefusedException">The cursor is not one of ours.</exception>
    public string? AfterText()
    {
        if (string.IsNullOrEmpty(Cursor))
        {
            return null;
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(Cursor));
            return text.Contains('\0', StringComparison.Ordinal) ? throw NotOurs() : text;
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            throw NotOurs();
        }
    }

    /// <summary>The id after which the page begins; null for the first page.</summary>
    /// <exception cref="RequestRefusedException">The cursor is not one of ours.</exception>
    public long? AfterId()
    {
        return AfterText() is not { } text
            ? null
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id) ? id : throw NotOurs();
    }

    /// <inheritdoc cref="AfterId"/>
    public Guid? AfterGuid()
    {
        return AfterText() is not { } text ? null : Guid.TryParse(text, out var id) ? id : throw NotOurs();
    }

    /// <summary>The page made of what was read.</summary>
    /// <param name="read">At most <see cref="ReadCount"/> items.</param>
    /// <param name="position">What an item is ordered by.</param>
    public Page<T> Of<T>(List<T> read, Func<T, object> position)
    {
        if (read.Count < ReadCount)
        {
            return new(read, null);
        }

        read.RemoveAt(read.Count - 1);
        return new(read, CursorOf(Convert.ToString(position(read[^1]), CultureInfo.InvariantCulture)!));
    }

    /// <summary>A cursor whose <see cref="AfterText"/> is this text.</summary>
    public static string CursorOf(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    /// <summary>Why a cursor of another list is refused.</summary>
    public static RequestRefusedException NotOurs()
    {
        return new(Problem.Invalid("cursor", "Not a cursor of this list; take it from 'next' of the page before."));
    }
}
