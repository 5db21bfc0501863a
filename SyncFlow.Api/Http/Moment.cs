namespace SyncFlow.Api.Http;

/// <summary>A moment in an address, in any form that means one (<see cref="Written.TryTime(string, out DateTimeOffset)"/>): one that may mean two is none.</summary>
internal readonly record struct Moment(DateTimeOffset Value)
{
    /// <summary>Reads a moment; the host answers 400 and names the parameter where it is none.</summary>
    public static bool TryParse(string? text, IFormatProvider? provider, out Moment moment)
    {
        _ = provider; // The host calls this shape; moments are the same everywhere.
        var read = Written.TryTime(text ?? "", out var time);
        moment = new(time);
        return read;
    }
}
