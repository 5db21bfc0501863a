using System.Net;
using System.Net.Mail;

namespace SyncFlow.Api.People;

/// <summary>A mail of plain text.</summary>
/// <param name="To">An address that <see cref="Mailer.IsAddress"/> holds for.</param>
/// <param name="Subject">One line; line breaks in it become blanks, so that it cannot add headers.</param>
/// <param name="Text">The body.</param>
internal sealed record Mail(string To, string Subject, string Text);

/// <summary>
/// Sends mail: by SMTP (<c>Mail:SmtpHost</c>), or as files into a folder that something else sends from
/// (<c>Mail:PickupFolder</c>). Without either no mail can be sent, and whoever needs one is told so.
/// </summary>
internal sealed class Mailer(IConfiguration configuration, TimeProvider time)
{
    private const int UsualPort = 587;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string? host = configuration["Mail:SmtpHost"];

    private readonly string? folder = configuration["Mail:PickupFolder"];

    /// <summary>Whether mail can be sent at all.</summary>
    public bool IsConfigured => !string.IsNullOrWhiteSpace(host) || !string.IsNullOrWhiteSpace(folder);

    /// <summary>Sends a mail.</summary>
    /// <exception cref="SmtpException">It was not taken, or the server did not answer in time.</exception>
    public async Task SendAsync(Mail mail, CancellationToken ct)
    {
        using var message = new MailMessage(configuration["Mail:From"] ?? "syncflow@localhost", mail.To)
        {
            Subject = string.Join(' ', mail.Subject.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)),
            Body = mail.Text,
        };
        using var client = Client();
        using var limit = new CancellationTokenSource(Limit, time); // The client's own limit holds for calls that block.
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            await client.SendMailAsync(message, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new SmtpException($"The server did not take the mail within {Limit.TotalSeconds:0} s.");
        }
    }

    /// <summary>Whether a text is one mail address and nothing else.</summary>
    public static bool IsAddress(string? text) =>
        text is { Length: > 2 and <= 254 } && !text.Any(letter => char.IsControl(letter) || char.IsWhiteSpace(letter) || letter is ',' or ';' or '<' or '>')
        && MailAddress.TryCreate(text, out var address) && address.Address == text;

    private SmtpClient Client()
    {
        if (!string.IsNullOrWhiteSpace(folder))
        {
            return new SmtpClient { DeliveryMethod = SmtpDeliveryMethod.SpecifiedPickupDirectory, PickupDirectoryLocation = folder };
        }

        var client = new SmtpClient(host, configuration.GetValue("Mail:SmtpPort", UsualPort))
        {
            EnableSsl = configuration.GetValue("Mail:SmtpTls", true),
        };
        if (configuration["Mail:SmtpUser"] is { Length: > 0 } user)
        {
            client.Credentials = new NetworkCredential(user, configuration["Mail:SmtpPassword"]);
        }

        return client;
    }
}
