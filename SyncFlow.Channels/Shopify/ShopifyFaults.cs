using System.Globalization;
using System.Net;
using System.Text.Json;
using SyncFlow.Core.Faults;

namespace SyncFlow.Channels.Shopify;

/// <summary>
/// Classifies what went wrong with a call, once. A query that failed may be asked again; a mutation is only called not
/// done where the shop said so or the request cannot have reached it.
/// </summary>
internal static class ShopifyFaults
{
    /// <summary>Longest part of a shop's own message that is kept.</summary>
    private const int LongestMessage = 300;

    /// <summary>The request went out and no usable answer came back.</summary>
    internal static ChannelFault Lost(ShopifyOperation operation, string code, string message) => new(
        operation.IsMutation ? ChannelFaultKind.Unknown : ChannelFaultKind.Transient, code, message);

    /// <summary>Reads an answer's data; one of a shape we do not know is as good as lost.</summary>
    internal static ChannelResult<T> Understand<T>(
        ShopifyOperation operation, JsonElement data, Func<JsonElement, ChannelResult<T>> read)
    {
        try
        {
            return read(data);
        }
        catch (Exception shape) when (shape is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return Lost(operation, "ANSWER_UNEXPECTED", $"the answer to {operation.Name} has a shape we do not know");
        }
    }

    /// <summary>What a mutation refused in its own userErrors, where these have no code; null when it did not.</summary>
    internal static ChannelFault? OfUserErrors(JsonElement payload, string code)
    {
        var errors = payload.GetProperty("userErrors");
        return errors.GetArrayLength() == 0
            ? null
            : new ChannelFault(ChannelFaultKind.Rejected, code, Text(errors[0].GetProperty("message")));
    }

    /// <summary>Failures below HTTP.</summary>
    internal static ChannelFault Classify(ShopifyOperation operation, HttpRequestException failure) =>
        failure.HttpRequestError switch
        {
            // Nothing of the request left this machine.
            HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError => new ChannelFault(
                    ChannelFaultKind.Transient, "NOT_CONNECTED", $"no connection ({failure.HttpRequestError})"),
            HttpRequestError.ConfigurationLimitExceeded => Lost(operation, "ANSWER_TOO_LARGE", "the answer is too large"),
            _ => Lost(operation, "ANSWER_LOST", $"the connection broke ({failure.HttpRequestError})"),
        };

    /// <summary>Whatever HTTP brought: an answer with data, or the fault in it.</summary>
    internal static ShopifyAnswer Classify(
        ShopifyOperation operation, HttpResponseMessage response, byte[] body, DateTimeOffset now)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return ShopifyAnswer.Failed(OfStatus(operation, response, now));
        }

        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return ShopifyAnswer.Failed(Lost(operation, "ANSWER_UNREADABLE", "the answer is not JSON"));
        }

        var root = document.RootElement;
        var (actual, status) = Cost(root);
        var fault = root.ValueKind != JsonValueKind.Object
            ? Lost(operation, "ANSWER_UNREADABLE", "the answer is not an object")
            : OfErrors(operation, root);
        if (fault is null && (!root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object))
        {
            fault = Lost(operation, "ANSWER_UNREADABLE", "the answer has neither data nor errors");
        }

        if (fault is null)
        {
            return new ShopifyAnswer(document, null, actual, status);
        }

        document.Dispose();
        // A refused call used no points; a lost one counts whole.
        return new ShopifyAnswer(null, fault, fault.Kind == ChannelFaultKind.Unknown ? null : actual ?? 0, status);
    }

    private static ChannelFault OfStatus(ShopifyOperation operation, HttpResponseMessage response, DateTimeOffset now)
    {
        var number = (int)response.StatusCode;
        var code = $"HTTP_{number.ToString(CultureInfo.InvariantCulture)}";
        return number switch
        {
            401 => new(ChannelFaultKind.Unauthorized, code, "the access token was refused"),
            403 => new(ChannelFaultKind.Unauthorized, code, "access was refused"),
            402 => new(ChannelFaultKind.ShopUnavailable, code, "the shop is frozen"),
            404 => new(ChannelFaultKind.ShopUnavailable, code, "no such shop or API version"),
            423 => new(ChannelFaultKind.ShopUnavailable, code, "the shop is locked"),
            429 or 430 => new(ChannelFaultKind.RateLimited, code, "too many calls", RetryAfter(response, now)),
            >= 500 => Lost(operation, code, "the shop's server failed"),
            // A redirect or any other refusal: the request was read and not carried out.
            _ => new(ChannelFaultKind.Rejected, code, "the request was refused"),
        };
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > now => date - now,
        _ => null,
    };

    private static ChannelFault? OfErrors(ShopifyOperation operation, JsonElement root)
    {
        if (!root.TryGetProperty("errors", out var errors))
        {
            return null;
        }

        if (errors.ValueKind != JsonValueKind.Array || errors.GetArrayLength() == 0)
        {
            return new ChannelFault(ChannelFaultKind.Rejected, "ERRORS", Text(errors));
        }

        // Where there are several the gravest tells: what may have happened comes before what surely did not.
        var executed = root.TryGetProperty("data", out var data) && data.ValueKind != JsonValueKind.Null;
        return errors.EnumerateArray().Select(error => OfError(operation, error, executed)).MinBy(fault => Gravity(fault.Kind));
    }

    private static ChannelFault OfError(ShopifyOperation operation, JsonElement error, bool executed)
    {
        var message = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var text) ? Text(text) : Text(error);
        var code = error.ValueKind == JsonValueKind.Object
            && error.TryGetProperty("extensions", out var extensions) && extensions.ValueKind == JsonValueKind.Object
            && extensions.TryGetProperty("code", out var given) && given.ValueKind == JsonValueKind.String
            ? ShopifyText.Kept(given)!
            : "GRAPHQL";
        return code switch
        {
            "THROTTLED" => new(ChannelFaultKind.RateLimited, code, message),
            "INTERNAL_SERVER_ERROR" or "TIMEOUT" => Lost(operation, code, message),
            "SHOP_INACTIVE" => new(ChannelFaultKind.ShopUnavailable, code, message),
            "INVALID_FIELD_ARGUMENTS" or "BAD_REQUEST" or "ACCESS_DENIED" or "MAX_COST_EXCEEDED" or "MAX_INPUT_SIZE_EXCEEDED" =>
                new(ChannelFaultKind.Rejected, code, message),
            // An error that we do not know, beside data: something was carried out, perhaps the mutation.
            _ when executed && operation.IsMutation => Lost(operation, code, message),
            // undefinedField, argumentLiteralsIncompatible and their like are found before anything is carried out.
            _ => new(ChannelFaultKind.Rejected, code, message),
        };
    }

    private static int Gravity(ChannelFaultKind kind) => kind switch
    {
        ChannelFaultKind.Unknown => 0,
        ChannelFaultKind.Unauthorized => 1,
        ChannelFaultKind.ShopUnavailable => 2,
        ChannelFaultKind.Rejected => 3,
        ChannelFaultKind.RateLimited => 4,
        ChannelFaultKind.Transient => 5,
    };

    private static string Text(JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? ShopifyText.Kept(value)! : value.GetRawText();
        return text.Length <= LongestMessage ? text : text[..LongestMessage];
    }

    private static (double? Actual, ThrottleStatus? Status) Cost(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("extensions", out var extensions) || extensions.ValueKind != JsonValueKind.Object
            || !extensions.TryGetProperty("cost", out var cost) || cost.ValueKind != JsonValueKind.Object)
        {
            return (null, null);
        }

        double? actual = cost.TryGetProperty("actualQueryCost", out var points) && points.ValueKind == JsonValueKind.Number
            ? points.GetDouble()
            : null;
        return cost.TryGetProperty("throttleStatus", out var status) && status.ValueKind == JsonValueKind.Object
            && Number(status, "maximumAvailable") is { } size && Number(status, "currentlyAvailable") is { } now
            && Number(status, "restoreRate") is { } rate
            ? (actual, new ThrottleStatus(size, now, rate))
            : (actual, null);
    }

    private static double? Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
