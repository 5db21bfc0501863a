namespace SyncFlow.Simulator.Worlds;

/// <summary>
/// What goes wrong at one shop. Rates are probabilities from 0 to 1; times are milliseconds of world time; a pair of
/// times is a range from which each case is drawn evenly.
/// </summary>
public sealed record FaultSettings
{
    /// <summary>Least delay of a webhook.</summary>
    public int WebhookDelayMinMs { get; init; }

    /// <summary>Greatest delay of a webhook.</summary>
    public int WebhookDelayMaxMs { get; init; }

    /// <summary>Share of webhooks delivered a second time with the same webhook id.</summary>
    public double WebhookDuplicateRate { get; init; }

    /// <summary>Share of webhooks held back so that later ones overtake them.</summary>
    public double WebhookReorderRate { get; init; }

    /// <summary>How long a reordered webhook is held back.</summary>
    public int WebhookReorderMs { get; init; } = 2_000;

    /// <summary>Share of webhooks never sent.</summary>
    public double WebhookDropRate { get; init; }

    /// <summary>Webhooks are held and the API answers 503 until this is switched off.</summary>
    public bool Outage { get; init; }

    /// <summary>Every API call is answered THROTTLED with an empty bucket.</summary>
    public bool ThrottleStorm { get; init; }

    /// <summary>Share of inventory sets answered as done that change nothing.</summary>
    public double NotPersistedRate { get; init; }

    /// <summary>Share of mutations carried out whose answer never arrives: the connection is cut.</summary>
    public double LostAnswerRate { get; init; }

    /// <summary>
    /// Inventory sets are carried out and their answers held back until this is switched off: time to end a caller
    /// between what it did and what it knows.
    /// </summary>
    public bool HoldSetAnswers { get; init; }

    /// <summary>Share of mutations that arrive late: nothing is answered, the change is tried after the delay.</summary>
    public double LateArrivalRate { get; init; }

    public int LateArrivalMinMs { get; init; } = 5_000;

    public int LateArrivalMaxMs { get; init; } = 30_000;

    /// <summary>Time every API call takes before it is carried out.</summary>
    public int ApiDelayMinMs { get; init; }

    public int ApiDelayMaxMs { get; init; }

    /// <summary>The access token is refused with 401.</summary>
    public bool TokenRevoked { get; init; }

    /// <summary>The API answers 402.</summary>
    public bool Frozen { get; init; }

    /// <summary>The API answers 423.</summary>
    public bool Locked { get; init; }

    /// <summary>Least time until the orders query finds a change.</summary>
    public int OrderSearchLagMinMs { get; init; }

    /// <summary>Greatest time until the orders query finds a change.</summary>
    public int OrderSearchLagMaxMs { get; init; } = 300;

    /// <summary>The first setting that makes no sense, as (name, reason); null when all are fine.</summary>
    public (string Field, string Reason)? Problem()
    {
        foreach (var (name, rate) in new[]
        {
            (nameof(WebhookDuplicateRate), WebhookDuplicateRate), (nameof(WebhookReorderRate), WebhookReorderRate),
            (nameof(WebhookDropRate), WebhookDropRate), (nameof(NotPersistedRate), NotPersistedRate),
            (nameof(LostAnswerRate), LostAnswerRate), (nameof(LateArrivalRate), LateArrivalRate),
        })
        {
            if (rate is < 0 or > 1 || double.IsNaN(rate))
            {
                return (name, "must lie between 0 and 1");
            }
        }

        foreach (var (name, min, max) in new[]
        {
            (nameof(WebhookDelayMaxMs), WebhookDelayMinMs, WebhookDelayMaxMs),
            (nameof(LateArrivalMaxMs), LateArrivalMinMs, LateArrivalMaxMs),
            (nameof(ApiDelayMaxMs), ApiDelayMinMs, ApiDelayMaxMs),
            (nameof(OrderSearchLagMaxMs), OrderSearchLagMinMs, OrderSearchLagMaxMs),
            (nameof(WebhookReorderMs), 0, WebhookReorderMs),
        })
        {
            if (min < 0 || max < min)
            {
                return (name, "must not be below its least value, and times must not be negative");
            }
        }

        return null;
    }
}
