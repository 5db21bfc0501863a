using System.Globalization;
using SyncFlow.Api.Http;
using SyncFlow.Storage.Brakes;

namespace SyncFlow.Api.Brakes;

/// <summary>The tag of a bulk change as somebody has seen it. A decision must name it: nobody decides on what he has not seen.</summary>
internal static class ChangeTag
{
    private const string Field = "If-Match";

    public static string Of(ChangeView change) => string.Create(CultureInfo.InvariantCulture, $"\"{change.Id}-{change.Version}\"");

    /// <summary>The version that a request names; null where it names none of this change, and then the answer.</summary>
    public static int? Read(HttpRequest request, long change, out Refused? refused)
    {
        var text = request.Headers.IfMatch.ToString();
        var prefix = string.Create(CultureInfo.InvariantCulture, $"\"{change}-");
        if (text.StartsWith(prefix, StringComparison.Ordinal) && text.EndsWith('"')
            && int.TryParse(text.AsSpan(prefix.Length, Math.Max(0, text.Length - prefix.Length - 1)), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            refused = null;
            return version;
        }

        refused = Problem.Invalid(Field, "Look at the change first, and send the ETag of what you have seen.");
        return null;
    }
}
