using System.Runtime.CompilerServices;
using System.Threading.Channels;
using SyncFlow.Storage.Identity;

namespace SyncFlow.Api.People;

/// <summary>
/// Addresses that asked for a sign-in link. Whether anybody has one is looked up, and a mail sent, after the answer: it
/// takes as long for an address that nobody has. What waits when the process ends is lost; whoever misses it asks again.
/// </summary>
internal sealed partial class LinkQueue(SignInStore store, Links links, ILogger<LinkQueue> log) : BackgroundService
{
    /// <summary>Addresses that wait at most; who asks beyond them is told to come back, whoever he is.</summary>
    public const int MostWaiting = 1_000;

    /// <summary>Mails that are sent at a time: a server that answers late holds up few.</summary>
    private const int SentAtOnce = 4;

    private readonly Channel<string> waiting = Channel.CreateBounded<string>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    /// <summary>Takes an address in; false where too many wait.</summary>
    /// <param name="email">One that <see cref="Mailer.IsAddress"/> holds for.</param>
    public bool TryAsk(string email) => waiting.Writer.TryWrite(email);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Parallel.ForEachAsync(
                LinksAsync(stoppingToken), new ParallelOptions { MaxDegreeOfParallelism = SentAtOnce, CancellationToken = stoppingToken },
                SendAsync).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>One after the other, so that nobody gets more links than he may by asking often at once.</summary>
    private async IAsyncEnumerable<(Addressee To, Mail Mail)> LinksAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var email in waiting.Reader.ReadAllAsync(ct).ConfigureAwait(false))
        {
            foreach (var made in await MakeAsync(email, ct).ConfigureAwait(false))
            {
                yield return made;
            }
        }
    }

    private async Task<List<(Addressee To, Mail Mail)>> MakeAsync(string email, CancellationToken ct)
    {
        var made = new List<(Addressee, Mail)>();
        try
        {
            foreach (var person in await store.FindAsync(email, ct).ConfigureAwait(false))
            {
                if (await links.MakeAsync(person, email, null, ct).ConfigureAwait(false) is { } mail)
                {
                    made.Add((person, mail));
                }
            }
        }
        catch (Exception failed) when (!ct.IsCancellationRequested)
        {
            NotMade(log, failed); // One address must not end the others.
        }

        return made;
    }

    private async ValueTask SendAsync((Addressee To, Mail Mail) link, CancellationToken ct)
    {
        try
        {
            await links.SendAsync(link.Mail, ct).ConfigureAwait(false);
        }
        catch (Exception failed) when (!ct.IsCancellationRequested)
        {
            NotSent(log, link.To.TenantId, link.To.MemberId, failed.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A sign-in link could not be made")]
    private static partial void NotMade(ILogger log, Exception failed);

    [LoggerMessage(Level = LogLevel.Error, Message = "A sign-in link of tenant {Tenant} for member {Member} could not be sent: {Reason}")]
    private static partial void NotSent(ILogger log, long tenant, long member, string reason);
}
