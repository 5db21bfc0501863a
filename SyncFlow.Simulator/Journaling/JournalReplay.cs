using System.Text.Json;
using SyncFlow.Simulator.Worlds;

namespace SyncFlow.Simulator.Journaling;

/// <summary>Rebuilds a world from snapshot and journal lines.</summary>
internal sealed class JournalReplay(World world, int seed)
{
    /// <summary>Numbers left out after a restart: they may have been given out and not journalled.</summary>
    private const long IdGap = 1_000;

    /// <summary>Reads a file; a last line without its end was never acknowledged and is left out.</summary>
    /// <exception cref="InvalidDataException">A whole line cannot be read.</exception>
    internal void Read(string path)
    {
        var text = File.ReadAllBytes(path).AsSpan();
        var number = 0;
        while (text.IndexOf((byte)'\n') is var end and >= 0)
        {
            number++;
            try
            {
                var line = JsonSerializer.Deserialize<JournalLine>(text[..end], JournalFormat.Options)!;
                Apply(line);
            }
            catch (JsonException broken)
            {
                throw new InvalidDataException($"{path}, line {number}: {broken.Message}", broken);
            }

            text = text[(end + 1)..];
        }
    }

    internal void Finish()
    {
        foreach (var shop in world.Shops)
        {
            shop.Ids.Leap(IdGap);
        }
    }

    private void Apply(JournalLine line)
    {
        if (line.Kind == "switched")
        {
            return;
        }

        if (line.Shop is null)
        {
            if (line.Kind == "oversell")
            {
                world.Truth.Restore(Value<Oversell>(line));
            }
            else
            {
                world.Truth.Restore(Value<PhysicalStock>(line));
            }

            return;
        }

        var shop = world.Find(line.Shop);
        if (shop is null)
        {
            var born = Value<ShopRecord>(line);
            shop = new Shop(
                line.Shop, born.Name, born.AccessToken, born.Plan, born.CreatedAt, born.LastId,
                new Random(unchecked((seed * 397) ^ (int)born.LastId)));
            world.Add(shop);
        }

        switch (line.Kind)
        {
            case "shop":
                var record = Value<ShopRecord>(line);
                (shop.AccessToken, shop.Installed) = (record.AccessToken, record.Installed);
                shop.Scopes.Clear();
                shop.Scopes.UnionWith(record.Scopes);
                break;
            case "access":
                var access = Value<AppAccess>(line);
                (shop.Access.Current, shop.Access.Before, shop.Access.CurrentUsed) = (access.Current, access.Before, access.CurrentUsed);
                break;
            case "billing":
                shop.Billing.Subscriptions.Clear();
                shop.Billing.Subscriptions.AddRange(Value<List<AppSubscription>>(line));
                shop.Billing.Subscriptions.ForEach(s => shop.Ids.Skip(IdKind.Subscription, s.Id));
                break;
            case "plan":
                var plan = Value<AppPlan>(line);
                (shop.AppPlan.Handle, shop.AppPlan.TrialEndsAt, shop.AppPlan.Anchor) = (plan.Handle, plan.TrialEndsAt, plan.Anchor);
                shop.AppPlan.Events.Clear();
                shop.AppPlan.Events.AddRange(plan.Events);
                break;
            case "location": shop.Put(Value<ShopLocation>(line)); break;
            case "product": shop.Put(Value<Product>(line)); break;
            case "deletedProduct": shop.RemoveProduct(Value<long>(line)); break;
            case "level": shop.Put(Value<Level>(line)); break;
            case "group": shop.Put(Value<AdjustmentGroup>(line)); break;
            case "order": shop.Put(Value<Order>(line)); break;
            case "idempotency": shop.Idempotency.Restore(Value<IdempotencyEntry>(line)); break;
            case "subscription":
                var subscription = Value<WebhookSubscription>(line);
                shop.Ids.Skip(IdKind.Subscription, subscription.Id);
                shop.Subscriptions[subscription.Id] = subscription;
                break;
            case "webhook":
                var left = Value<UndeliveredWebhook>(line);
                shop.Undelivered[left.WebhookId] = left;
                break;
            case "webhookSettled": shop.Undelivered.TryRemove(Value<Guid>(line), out _); break;
            case "deletedSubscription": shop.Subscriptions.Remove(Value<long>(line)); break;
            default:
                throw new InvalidDataException($"unknown journal record {line.Kind}");
        }
    }

    private static T Value<T>(JournalLine line) => line.Value.Deserialize<T>(JournalFormat.Options)!;
}
