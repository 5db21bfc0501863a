using System.Text.Json;

namespace SyncFlow.Storage.Sources;

/// <summary>What is wrong with rows of sources, as it is stored: a message may repeat what stands there, also what no text of the database holds.</summary>
internal static class ErrorJson
{
    public static string Of<T>(T errors) => JsonSerializer.Serialize(errors).Replace("\\u0000", "\\ufffd", StringComparison.Ordinal);
}
