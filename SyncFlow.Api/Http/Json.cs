using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyncFlow.Api.Http;

/// <summary>How the API writes and reads JSON: camel case, enumerations as camel-case words, unknown members refused.</summary>
internal static class Json
{
    /// <summary>Nothing that is asked for or answered is nested deeper; what is deeper is refused before it is bound.</summary>
    private const int MostDepth = 32;

    public static readonly JsonSerializerOptions Options = Configure(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.MaxDepth = MostDepth;
        options.NumberHandling = JsonNumberHandling.Strict;

        // The answers are JSON, not HTML: names in any script stay readable.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
