namespace SyncFlow.Storage.Identity;

/// <summary>Where a person stands. The numbers are stored.</summary>
public enum MemberStatus : short
{
    /// <summary>Has been asked in and has not come yet.</summary>
    Invited = 1,

    Active = 2,

    /// <summary>May not come in any more.</summary>
    Disabled = 3,
}

/// <summary>A person of a tenant.</summary>
/// <param name="Email">Null for someone who comes only from the store's own admin.</param>
/// <param name="Role">The role's name.</param>
/// <param name="LocationIds">The locations whose stock the person may change; null for all.</param>
/// <param name="ShopUser">Shop and user id, for someone who comes from the store's own admin.</param>
/// <param name="Version">Rises with every change.</param>
public sealed record MemberView(
    long Id, string? Email, string Name, string Role, IReadOnlyList<long>? LocationIds, MemberStatus Status, string? ShopUser,
    string CreatedBy, DateTimeOffset CreatedAt, long Version);

/// <summary>A person to be asked in.</summary>
public sealed record NewMember(string Email, string Name, string Role, IReadOnlyList<long>? LocationIds);

/// <summary>How a person is to be from now on; what is null stays.</summary>
/// <param name="AllLocations">Whether the locations are to be all; then <paramref name="LocationIds"/> says nothing.</param>
public sealed record MemberChange(string? Name, string? Role, IReadOnlyList<long>? LocationIds, bool AllLocations, MemberStatus? Status);

/// <summary>What became of a wish to change a person.</summary>
public enum MemberOutcome
{
    Done,
    NotFound,

    /// <summary>Without this merchant admin nobody could manage the tenant any more.</summary>
    LastAdmin,
}
