namespace SyncFlow.Simulator.Shopify;

/// <summary>Versions the sandbox answers to.</summary>
internal static class ApiVersions
{
    /// <summary>Handles, oldest first; all but the last two are stable, then a release candidate and unstable.</summary>
    internal static readonly IReadOnlyList<string> Handles =
        ["2026-01", "2026-04", "2026-07", "2026-10", "2027-01", "unstable"];

    internal static bool Knows(string handle) => Handles.Contains(handle);

    internal static bool IsStable(string handle) => handle is not ("2027-01" or "unstable");

    /// <summary>@idempotent and changeFromQuantity are mandatory from 2026-04 on.</summary>
    internal static bool DemandsIdempotency(string handle) => string.CompareOrdinal(handle, "2026-04") >= 0;
}
