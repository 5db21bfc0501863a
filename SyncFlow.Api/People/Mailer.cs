using System.Net;
using System.Net.Mail;

namespace SyncFlow.Api.People;

/// <summary>
/// Sends mail: by SMTP (<c>Mail:SmtpHost</c>), or as files into a folder that something else sends from
/// (<c>Mail:PickupFolder</c>). Without either no mail can be sent, and whoever needs one is told so.
/// </summary>
internal sealed class Mailer(IConfiguration configuration)
{
    private const int UsualPort = 587;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string? host = configuration["Mail:SmtpHost"];

    private readonly string? folder = configuration["Mail:PickupFolder"];

    /// <summary>Whether mail can be sent at all.</summary>
    public bool IsConfigured => !string.IsNullOrWhiteSpace(host) || !string.IsNullOrWhiteSpace(folder);

    /// <summary>Sends a mail of plain text.</summary>
    /// <param name="to">An address that <see cref="IsAddress"/> holds for.</param>
    /// <param name="subject">One line; line breaks in it become blanks, so that it cannot add headers.</param>
    /// <param name="text">The body.</param>
    /// <param name="ct">Ends the call.</param>
    /// <exception cref="SmtpException">It was not taken.</exception>
    public async Task SendAsync(string to, string subject, string text, CancellationToken ct)
    {
        using var mail = new MailMessage(configuration["Mail:From"] ?? "syncflow@localhost", to)
        {
            Subject = string.Join(' ', subject.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)),
            Body = text,
        };
        using var client = Client();
        await client.SendMailAsync(mail, ct).ConfigureAwait(false);
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
            Timeout = (int)Limit.TotalMilliseconds,
        };
        if (configuration["Mail:SmtpUser"] is { Length: > 0 } user)
        {
            client.Credentials = new NetworkCredential(user, configuration["Mail:SmtpPassword"]);
        }

        return client;
    }
}
