using SyncFlow.Api.Keys;
using SyncFlow.Api.Security;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.People;

/// <summary>Somebody to be asked in.</summary>
/// <param name="LocationIds">For a warehouse manager, and only for him: where he works.</param>
internal sealed record UserInput(string? Email, string? Name, Role? Role, IReadOnlyList<long>? LocationIds)
{
    public const int LongestName = 100;

    /// <summary>Notes what is wrong.</summary>
    public void Describe(Check check)
    {
        check.That(Mailer.IsAddress(Email), "email", "One mail address.")
            .Text(Name, "name", LongestName)
            .That(Name is null || !Name.Any(char.IsControl), "name", "No line breaks or control characters.")
            .That(Role is { } role && Roles.IsOfTenant(role), "role", "One of: merchantAdmin, operationsManager, warehouseManager, supportAnalyst.");
        CheckPlaces(Role, LocationIds, check);
    }

    /// <summary>A warehouse manager works somewhere; whoever has another role is not held to places.</summary>
    public static void CheckPlaces(Role? role, IReadOnlyList<long>? locations, Check check) => check
        .That(locations is null or { Count: > 0 and <= KeyInput.MostLocations }, "locationIds", $"1 to {KeyInput.MostLocations} locations.")
        .That(role != Security.Role.WarehouseManager || locations is not null, "locationIds", "A warehouse manager needs locations.")
        .That(role == Security.Role.WarehouseManager || locations is null, "locationIds", "Only a warehouse manager is held to locations.");
}

/// <summary>What is to change of a person; what is left out stays.</summary>
/// <param name="Disabled">Whether he may no longer come in.</param>
internal sealed record UserChange(string? Name, Role? Role, IReadOnlyList<long>? LocationIds, bool? Disabled)
{
    /// <summary>Whether the new role is held to no places, so that the old ones go.</summary>
    public bool AllLocations => Role is { } role && role != Security.Role.WarehouseManager;

    /// <summary>The status asked for; null where it stays.</summary>
    public MemberStatus? StatusWanted => Disabled switch { null => null, true => MemberStatus.Disabled, false => MemberStatus.Active };

    /// <summary>Notes what is wrong.</summary>
    public void Describe(Check check, MemberView before)
    {
        check.Optional(Name, "name", UserInput.LongestName)
            .That(Name is null || !Name.Any(char.IsControl), "name", "No line breaks or control characters.")
            .That(Role is null || Roles.IsOfTenant(Role.Value), "role", "One of: merchantAdmin, operationsManager, warehouseManager, supportAnalyst.")
            .That(Disabled != false || before.Status != MemberStatus.Invited, "disabled", "Who was asked in has to come first.");
        var role = Role ?? (Enum.TryParse<Role>(before.Role, out var held) ? held : null);
        UserInput.CheckPlaces(role, LocationIds ?? (AllLocations ? null : before.LocationIds), check);
    }
}
