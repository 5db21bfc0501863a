using System.Text.Json;
using System.Text.Json.Serialization;

namespace SyncFlow.Simulator.Control;

/// <summary>JSON of the control API: camel case, enums as texts, unknown members refused.</summary>
internal static class ControlJson
{
    internal static void Configure(JsonSerializerOptions options)
    {
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
    }
}
