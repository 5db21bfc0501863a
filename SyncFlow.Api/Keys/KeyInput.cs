using SyncFlow.Api.Security;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.Keys;

/// <summary>A key to be made, as a caller names it.</summary>
/// <param name="Name">For people and the audit log.</param>
/// <param name="Scopes">Permissions, or <c>*</c>, <c>read</c>, <c>write</c>, <c>operate</c>. Nobody can give what he does not hold.</param>
/// <param name="Partner">Whose system it is for; a partner's key may do less and always expires. Null for one of your own.</param>
/// <param name="LocationIds">The locations whose stock it may change; all when left out.</param>
/// <param name="ExpiresAt">Until when; never when left out.</param>
internal sealed record KeyInput(
    string? Name, IReadOnlyList<string>? Scopes, string? Partner, IReadOnlyList<long>? LocationIds, DateTimeOffset? ExpiresAt)
{
    public const int LongestName = 100;

    public const int MostLocations = 200;

    private const int MostScopes = 64;

    private const int LongestScope = 100;

    /// <summary>Longest life of a partner's key, and of any key that expires.</summary>
    public static readonly TimeSpan PartnerLife = TimeSpan.FromDays(400);

    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(1_100);

    /// <summary>Whose it is.</summary>
    public ApiKeyKind Kind => Partner is null ? ApiKeyKind.Own : ApiKeyKind.Partner;

    /// <summary>Notes what is wrong with it.</summary>
    public void Describe(Check check, DateTimeOffset now)
    {
        var scopes = Scopes ?? [];
        check.Text(Name, "name", LongestName).Optional(Partner, "partner", LongestName)
            .That(scopes.Count is > 0 and <= MostScopes, "scopes", $"1 to {MostScopes} scopes.")
            .That(LocationIds is null or { Count: > 0 and <= MostLocations }, "locationIds", $"1 to {MostLocations} locations, or left out for all.");
        for (var i = 0; i < Math.Min(scopes.Count, MostScopes); i++)
        {
            check.That(
                scopes[i] is { Length: <= LongestScope } scope && Security.Scopes.IsKnown(scope), $"scopes[{i}]", "There is no such scope.");
        }

        CheckExpiry(ExpiresAt, Kind, now, check);
        if (Kind == ApiKeyKind.Partner && check.Holds)
        {
            check.That(
                Roles.PartnerKeys.Covers(Security.Scopes.Of(scopes)), "scopes",
                $"A partner's key may have at most: {string.Join(", ", Roles.PartnerKeys.Select(p => p.Text()))}.");
        }
    }

    /// <summary>An expiry that a kind of key may have.</summary>
    public static void CheckExpiry(DateTimeOffset? expiresAt, ApiKeyKind kind, DateTimeOffset now, Check check) => check
        .That(expiresAt is null || expiresAt > now, "expiresAt", "It lies in the past.")
        .That(expiresAt is null || expiresAt <= now + LongestLife, "expiresAt", $"At most {LongestLife.TotalDays} days from now.")
        .That(
            kind != ApiKeyKind.Partner || (expiresAt is { } end && end <= now + PartnerLife), "expiresAt",
            $"A partner's key expires, within {PartnerLife.TotalDays} days.");
}
