using Microsoft.AspNetCore.Http.HttpResults;
using SyncFlow.Api.Http;
using SyncFlow.Api.Security;
using SyncFlow.Api.Tenancy;
using SyncFlow.Storage.Identity;
using SyncFlow.Storage.Tenancy;

namespace SyncFlow.Api.People;

/// <summary>Reads the people of the tenant.</summary>
internal sealed class ReadUsers : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/users", ListAsync).Needs(Permission.UsersRead)
            .WithName("ListUsers").WithTags("Users").WithSummary("Lists people with role, locations and status.");
        routes.MapGet("/users/{id:long}", GetAsync).Needs(Permission.UsersRead)
            .WithName("GetUser").WithTags("Users").WithSummary("Reads a person.");
    }

    private static async Task<Ok<Page<MemberView>>> ListAsync(
        Caller caller, MemberDesk desk, [AsParameters] PageQuery page, MemberStatus? status, CancellationToken ct)
    {
        var items = await desk.ListAsync(caller.Tenant, status, page.AfterId(), page.ReadCount, ct).ConfigureAwait(false);
        return TypedResults.Ok(page.Of(items, item => item.Id));
    }

    private static async Task<Results<Ok<MemberView>, Refused>> GetAsync(long id, Caller caller, MemberDesk desk, CancellationToken ct) =>
        Found.Of(await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false), "user", id);
}

/// <summary>Asks people in, gives them roles and locations, and shuts them out.</summary>
internal sealed class ManageUsers : IEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/users", (UserInput request, Work work, CancellationToken ct) => work.InviteAsync(request, ct)).Needs(Permission.UsersManage)
            .WithName("InviteUser").WithTags("Users").WithSummary("Asks somebody in by mail, with a link that works once.");
        routes.MapPost("/users/{id:long}/invite", (long id, Work work, CancellationToken ct) => work.RepeatAsync(id, ct)).Needs(Permission.UsersManage)
            .WithName("RepeatInvitation").WithTags("Users").WithSummary("Sends the invitation again, with a new link.");
        routes.MapPatch("/users/{id:long}", (long id, UserChange request, Work work, CancellationToken ct) => work.ChangeAsync(id, request, ct))
            .Needs(Permission.UsersManage)
            .WithName("ChangeUser").WithTags("Users").WithSummary("Changes name, role, locations or status of a person, also for open sessions.");
    }

    internal sealed class Work(Caller caller, MemberDesk desk, OwnLocations locations, SignInStore sessions, Links links, QuotaCheck quotas, IConfiguration configuration)
    {
        public async Task<Results<Created<MemberView>, Refused>> InviteAsync(UserInput request, CancellationToken ct)
        {
            var check = new Check();
            request.Describe(check);
            await locations.CheckAsync(request.LocationIds, check, ct).ConfigureAwait(false);
            if (check.Failed(out var refused))
            {
                return refused;
            }

            if (TooMuch(request.Role, request.LocationIds) is { } tooMuch)
            {
                return tooMuch;
            }

            if (!links.CanSend)
            {
                return (Refused)NoMail();
            }

            if (await quotas.FullAsync(Quota.Users, ct).ConfigureAwait(false) is { } full)
            {
                return (Refused)full;
            }

            var made = await desk.InviteAsync(
                caller.Tenant, new NewMember(request.Email!, request.Name!.Trim(), request.Role!.Value.ToString(), request.LocationIds), caller.Name, ct)
                .ConfigureAwait(false);
            if (made is null)
            {
                return (Refused)new Problem(ProblemKind.AlreadyExists, "Somebody with this address is there already.");
            }

            await SendAsync(made, ct).ConfigureAwait(false);
            return TypedResults.Created($"/api/v1/users/{made.Id}", made);
        }

        public async Task<Results<Accepted, Refused>> RepeatAsync(long id, CancellationToken ct)
        {
            if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } member)
            {
                return (Refused)Problem.NotFound("user", id);
            }

            if (member is not { Status: MemberStatus.Invited, Email: not null })
            {
                return (Refused)new Problem(ProblemKind.StateConflict, "Only somebody who was asked in by mail and has not come is asked again.");
            }

            if (!links.CanSend)
            {
                return (Refused)NoMail();
            }

            return await SendAsync(member, ct).ConfigureAwait(false)
                ? TypedResults.Accepted((string?)null)
                : (Refused)new Problem(ProblemKind.StateConflict, "Several invitations were sent just now: wait a quarter of an hour.");
        }

        public async Task<Results<Ok<MemberView>, Refused>> ChangeAsync(long id, UserChange request, CancellationToken ct)
        {
            if (await desk.FindAsync(caller.Tenant, id, ct).ConfigureAwait(false) is not { } before)
            {
                return (Refused)Problem.NotFound("user", id);
            }

            var check = new Check();
            request.Describe(check, before);
            await locations.CheckAsync(request.LocationIds, check, ct).ConfigureAwait(false);
            if (check.Failed(out var refused))
            {
                return refused;
            }

            // Whoever may not give a role or a location may not take it away, nor shut its holder out.
            var held = Enum.TryParse<Role>(before.Role, out var known) ? known : (Role?)null;
            var after = request.AllLocations ? null : request.LocationIds ?? before.LocationIds;
            if ((TooMuch(request.Role, after) ?? TooMuch(held, before.LocationIds)) is { } tooMuch)
            {
                return tooMuch;
            }

            var change = new MemberChange(request.Name?.Trim(), request.Role?.ToString(), request.LocationIds, request.AllLocations, request.StatusWanted);
            var (outcome, member) = await desk.ChangeAsync(caller.Tenant, id, change, ct).ConfigureAwait(false);
            if (outcome == MemberOutcome.Done && member!.Status == MemberStatus.Disabled)
            {
                await sessions.CloseAllAsync(caller.Tenant, id, ct).ConfigureAwait(false);
            }

            return outcome switch
            {
                MemberOutcome.Done => TypedResults.Ok(member!),
                MemberOutcome.LastAdmin => (Refused)new Problem(ProblemKind.StateConflict, "This is the last merchant admin: make another one first."),
                MemberOutcome.NotFound => (Refused)Problem.NotFound("user", id),
            };
        }

        private Refused? TooMuch(Role? role, IReadOnlyList<long>? locations) =>
            role is { } wanted && !caller.Permissions.Covers(Roles.Of(wanted))
                ? (Refused)new Problem(ProblemKind.Forbidden, $"You cannot give or take a role that may do more than you: {wanted}.")
                : !caller.MayGive(locations)
                    ? (Refused)new Problem(ProblemKind.Forbidden, "You cannot give or take locations that are not yours; a role that is held to none has them all.")
                    : null;

        private Task<bool> SendAsync(MemberView member, CancellationToken ct) => links.SendAsync(
            new Addressee(caller.Tenant, configuration["SyncFlow:Name"] ?? "SyncFlow", member.Id, member.Name), member.Email!, caller.Name, ct);

        private static Problem NoMail() => new(ProblemKind.StateConflict, "This installation sends no mail: Mail:SmtpHost or Mail:PickupFolder is to be set.");
    }
}
