namespace SyncFlow.Simulator.GraphQl;

/// <summary>Reads the schema language (without descriptions).</summary>
internal sealed class SchemaReader : TokenReader
{
    private readonly Schema _schema = new();

    private SchemaReader(string text)
        : base(text)
    {
    }

    internal static Schema Read(string text)
    {
        var reader = new SchemaReader(text);
        foreach (var scalar in new[] { "String", "Int", "Float", "Boolean", "ID" })
        {
            reader._schema.Types[scalar] = new TypeDef(scalar, TypeKind.Scalar);
        }

        while (reader.Current.Kind != TokenKind.End)
        {
            reader.Definition();
        }

        return reader._schema;
    }

    private void Definition()
    {
        var keyword = Name();
        switch (keyword)
        {
            case "schema":
                Expect("{");
                while (!TryTake("}"))
                {
                    Take();
                }

                break;
            case "directive":
                Directive();
                break;
            case "scalar":
                Add(Name(), TypeKind.Scalar);
                break;
            case "enum":
                Enum();
                break;
            case "union":
                Union();
                break;
            case "input":
                Input();
                break;
            case "type" or "interface":
                Fields(keyword == "type" ? TypeKind.Object : TypeKind.Interface);
                break;
            default:
                throw Unexpected("a definition");
        }
    }

    private TypeDef Add(string name, TypeKind kind)
    {
        var type = new TypeDef(name, kind);
        _schema.Types.Add(name, type);
        return type;
    }

    private void Directive()
    {
        Expect("@");
        Name();
        foreach (var (name, argument) in InputValues("(", ")"))
        {
            _schema.IdempotentArguments[name] = argument;
        }

        Name();
        Name();
    }

    private void Enum()
    {
        var type = Add(Name(), TypeKind.Enum);
        Expect("{");
        while (!TryTake("}"))
        {
            type.Values.Add(Name());
            Directives();
        }
    }

    private void Union()
    {
        var type = Add(Name(), TypeKind.Union);
        Expect("=");
        do
        {
            type.Others.Add(Name());
        }
        while (TryTake("|"));
    }

    private void Input()
    {
        var type = Add(Name(), TypeKind.Input);
        foreach (var (name, value) in InputValues("{", "}"))
        {
            type.Inputs[name] = value;
        }
    }

    private void Fields(TypeKind kind)
    {
        var type = Add(Name(), kind);
        if (IsName("implements"))
        {
            Take();
            do
            {
                type.Others.Add(Name());
            }
            while (TryTake("&"));
        }

        Expect("{");
        while (!TryTake("}"))
        {
            var name = Name();
            var arguments = InputValues("(", ")");
            Expect(":");
            type.Fields[name] = new FieldDef(name, Type(), arguments);
            Directives();
        }
    }

    private Dictionary<string, InputValueDef> InputValues(string open, string close)
    {
        var values = new Dictionary<string, InputValueDef>(StringComparer.Ordinal);
        if (!TryTake(open))
        {
            return values;
        }

        while (!TryTake(close))
        {
            var name = Name();
            Expect(":");
            var type = Type();
            var hasDefault = TryTake("=");
            values[name] = new InputValueDef(name, type, hasDefault, hasDefault ? Value() : null);
            Directives();
        }

        return values;
    }
}
