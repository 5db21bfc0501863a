using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SyncFlow.Simulator.GraphQl;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Shopify.Resolvers;

/// <summary>What Shopify demands of every idempotent mutation before it looks at the input.</summary>
internal static class Mutations
{
    /// <summary>
    /// Runs a mutation under its idempotency key: the first answer is remembered and replayed for the same arguments,
    /// refusals included; other arguments under the key, or a key still running, are refused with <paramref name="refuse"/>.
    /// </summary>
    internal static IdempotencyEntry Once(
        RequestContext context, FieldCall call, Func<string, string, InventoryAnswer> refuse,
        Func<IdempotencyEntry, InventoryAnswer> run)
    {
        if (call.IdempotencyKey is not { Length: > 0 } key)
        {
            if (ApiVersions.DemandsIdempotency(context.ApiVersion))
            {
                throw GraphQlException.Coded(
                    "BAD_REQUEST", "The @idempotent directive is required for this mutation but was not provided.");
            }

            var free = new IdempotencyEntry { Key = "", ArgumentsHash = "", At = context.Now };
            free.Answer = run(free);
            return free;
        }

        var hash = Hash(call);
        var (match, entry) = context.Shop.Idempotency.Begin(key, hash, context.Now);
        switch (match)
        {
            case IdempotencyMatch.Replay:
                context.World.Stats.Count("idempotentReplays");
                return entry;
            case IdempotencyMatch.Mismatch:
                return Apart(key, context.Now, refuse(
                    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
                    "The same idempotency key cannot be used with different operation parameters."));
            case IdempotencyMatch.Concurrent when !context.Claimed.Contains(key):
                return Apart(key, context.Now, refuse(
                    "IDEMPOTENCY_CONCURRENT_REQUEST",
                    "This request is currently in progress, please try again."));
            default:
                entry.Answer = run(entry);
                context.Remembered.Add(entry);
                return entry;
        }
    }

    /// <summary>Hash of a field's name and its coerced arguments.</summary>
    internal static string Hash(FieldCall call)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            AnswerWriter.Value(json, call.Arguments);
        }

        return Convert.ToHexString(SHA256.HashData([.. Encoding.UTF8.GetBytes(call.Field.Name), .. buffer.ToArray()]));
    }

    /// <summary>The elements of an input array; more than 250 are refused.</summary>
    internal static List<Dictionary<string, object?>> Elements(Dictionary<string, object?> input, string name)
    {
        var elements = ((List<object?>)input[name]!).ConvertAll(e => (Dictionary<string, object?>)e!);
        return elements.Count > InventoryRules.MaxElements
            ? throw GraphQlException.Coded(
                "MAX_INPUT_SIZE_EXCEEDED",
                $"The input array size of {elements.Count} is greater than the maximum allowed of 250.")
            : elements;
    }

    /// <summary>From 2026-04 on changeFromQuantity must be there, be it null.</summary>
    internal static void DemandCompare(RequestContext context, Dictionary<string, object?> element, string inputType)
    {
        if (!element.ContainsKey("changeFromQuantity") && ApiVersions.DemandsIdempotency(context.ApiVersion))
        {
            throw GraphQlException.Coded(
                "INVALID_FIELD_ARGUMENTS", $"{inputType} must include the following argument: changeFromQuantity.");
        }
    }

    private static IdempotencyEntry Apart(string key, DateTimeOffset now, InventoryAnswer answer) =>
        new() { Key = key, ArgumentsHash = "", At = now, Answer = answer };
}
