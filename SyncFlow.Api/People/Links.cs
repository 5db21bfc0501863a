using SyncFlow.Api.Security;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.People;

/// <summary>Sends links that let people in once.</summary>
internal sealed class Links(SignInStore store, Mailer mailer, IConfiguration configuration)
{
    /// <summary>Before the tokens of links.</summary>
    public const string Kind = "sfl_";

    /// <summary>More within the window are not sent: nobody's mailbox is flooded by us.</summary>
    private const int MostInWindow = 3;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan SignInLife = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan InvitationLife = TimeSpan.FromDays(7);

    /// <summary>Whether links can be sent at all.</summary>
    public bool CanSend => mailer.IsConfigured;

    /// <summary>Sends somebody a link; false where he got enough of them just now.</summary>
    /// <param name="invitedBy">Who asks him in; null where he asked himself.</param>
    public async Task<bool> SendAsync(Addressee to, string email, string? invitedBy, CancellationToken ct)
    {
        if (await MakeAsync(to, email, invitedBy, ct).ConfigureAwait(false) is not { } mail)
        {
            return false;
        }

        await SendAsync(mail, ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>Sends a link that was made.</summary>
    public Task SendAsync(Mail mail, CancellationToken ct) => mailer.SendAsync(mail, ct);

    /// <summary>Makes a link, and the mail that brings it; null where somebody got enough of them just now.</summary>
    /// <param name="invitedBy">Who asks him in; null where he asked himself.</param>
    public async Task<Mail?> MakeAsync(Addressee to, string email, string? invitedBy, CancellationToken ct)
    {
        var token = Secrets.Make(Kind);
        var life = invitedBy is null ? SignInLife : InvitationLife;
        if (!await store.AddLinkAsync(to.TenantId, to.MemberId, Secrets.Hash(token), life, MostInWindow, Window, ct).ConfigureAwait(false))
        {
            return null;
        }

        // Behind the #, so that no server on the way and no log sees it, and no mail scanner uses it up by a GET.
        var address = $"{(configuration["SyncFlow:PublicUrl"] ?? "http://127.0.0.1:5000").TrimEnd('/')}/sign-in#token={token}";
        var (subject, opening) = invitedBy is null
            ? ("Sign in to SyncFlow", $"This link signs you in to {to.Tenant}. It works once, for {life.TotalMinutes:0} minutes.")
            : ($"{to.Tenant} invites you to SyncFlow", $"{invitedBy} invites you to {to.Tenant}. This link works once, for {life.TotalDays:0} days.");
        return new Mail(email, subject, $"Hello {to.Name},\n\n{opening}\n\n{address}\n\nIf you did not expect this, do nothing.\n");
    }
}
