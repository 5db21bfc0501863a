namespace SyncFlow.Core.Billing;

/// <summary>The plans that are offered where nothing else is configured.</summary>
public static class DefaultPlans
{
    /// <summary>Starter, Growth and Scale: 14 days of trial, 3 days of grace.</summary>
    public static BillingTerms Terms { get; } = new(
        [
            new BillingPlan("starter", "Starter", 2, 5_000, 19m, new Overage(1_000, 4m, 40m)),
            new BillingPlan("growth", "Growth", 5, 50_000, 79m, new Overage(5_000, 8m, 80m)) { Weight = 2 },
            new BillingPlan("scale", "Scale", 20, 500_000, 299m, new Overage(50_000, 30m, 300m)) { Weight = 4 },
        ],
        "USD", TrialDays: 14, GraceDays: 3);
}
