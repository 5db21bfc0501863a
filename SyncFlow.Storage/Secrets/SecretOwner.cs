using System.Buffers.Binary;
using System.Text;
using SyncFlow.Core;

namespace SyncFlow.Storage.Secrets;

/// <summary>
/// Whose secret it is and what for. A sealed secret opens only for the owner it was sealed for, so it cannot be moved to
/// another row, column or tenant.
/// </summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Purpose">What for, for example <c>credential</c>; stored inside the seal, so it never changes.</param>
/// <param name="Id">Of the row it belongs to.</param>
public readonly record struct SecretOwner(TenantId Tenant, string Purpose, long Id)
{
    internal const string CredentialPurpose = "credential";

    internal const string WebhookPurpose = "webhook";

    /// <summary>Access of a connection.</summary>
    public static SecretOwner Credential(TenantId tenant, ConnectionId connection) => new(tenant, CredentialPurpose, connection.Value);

    /// <summary>A connection's own secret that signs its webhooks.</summary>
    public static SecretOwner Webhook(TenantId tenant, ConnectionId connection) => new(tenant, WebhookPurpose, connection.Value);

    /// <summary>The bytes that are authenticated with what is sealed.</summary>
    internal byte[] Bytes(string keyId)
    {
        var text = Encoding.UTF8.GetBytes($"{keyId}\n{Purpose}");
        var bytes = new byte[16 + text.Length];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Tenant.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), Id);
        text.CopyTo(bytes, 16);
        return bytes;
    }
}
