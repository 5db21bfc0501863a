using System.Globalization;

namespace SyncFlow.Simulator.GraphQl;

/// <summary>One token of look-ahead, and the parts that operations and the schema language share.</summary>
internal class TokenReader
{
    /// <summary>Deepest nesting of selections and values; deeper text is refused.</summary>
    internal const int MaxDepth = 64;

    private readonly Lexer _lexer;
    private int _depth;

    internal TokenReader(string text)
    {
        _lexer = new Lexer(text);
        Current = _lexer.Next();
    }

    protected Token Current { get; private set; }

    protected Position At => new(Current.Line, Current.Column);

    protected Token Take()
    {
        var token = Current;
        Current = _lexer.Next();
        return token;
    }

    protected bool Is(string punctuator) => Current.Kind == TokenKind.Punctuator && Current.Text == punctuator;

    protected bool IsName(string name) => Current.Kind == TokenKind.Name && Current.Text == name;

    protected bool TryTake(string punctuator)
    {
        if (!Is(punctuator))
        {
            return false;
        }

        Take();
        return true;
    }

    protected void Expect(string punctuator)
    {
        if (!TryTake(punctuator))
        {
            throw Unexpected($"\"{punctuator}\"");
        }
    }

    protected string Name() => Current.Kind == TokenKind.Name ? Take().Text : throw Unexpected("a name");

    protected GraphQlException Unexpected(string wanted) => GraphQlException.Syntax(
        $"syntax error, unexpected {Current.Kind.ToString().ToUpperInvariant()} (\"{Current.Text}\"), expecting {wanted} " +
        $"at [{Current.Line}, {Current.Column}]", Current.Line, Current.Column);

    protected void Enter()
    {
        if (++_depth > MaxDepth)
        {
            throw GraphQlException.Syntax($"syntax error, nested deeper than {MaxDepth}", Current.Line, Current.Column);
        }
    }

    protected void Leave() => _depth--;

    protected TypeRef Type()
    {
        Enter();
        TypeRef type;
        if (TryTake("["))
        {
            var item = Type();
            Expect("]");
            type = new TypeRef(null, item, false);
        }
        else
        {
            type = new TypeRef(Name(), null, false);
        }

        Leave();
        return TryTake("!") ? type with { NonNull = true } : type;
    }

    protected object? Value()
    {
        Enter();
        var value = ValueInside();
        Leave();
        return value;
    }

    protected List<ArgumentNode> Arguments()
    {
        var arguments = new List<ArgumentNode>();
        if (!TryTake("("))
        {
            return arguments;
        }

        while (!TryTake(")"))
        {
            var at = At;
            var name = Name();
            Expect(":");
            arguments.Add(new ArgumentNode(name, Value(), at));
        }

        return arguments;
    }

    protected List<DirectiveNode> Directives()
    {
        var directives = new List<DirectiveNode>();
        while (Is("@"))
        {
            var at = At;
            Take();
            directives.Add(new DirectiveNode(Name(), Arguments(), at));
        }

        return directives;
    }

    private object? ValueInside()
    {
        switch (Current.Kind)
        {
            case TokenKind.Int:
                var whole = Take();
                return long.TryParse(whole.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : throw GraphQlException.Syntax($"syntax error, bad number {whole.Text}", whole.Line, whole.Column);
            case TokenKind.Float:
                var real = Take();
                return double.TryParse(real.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var fraction)
                    ? fraction
                    : throw GraphQlException.Syntax($"syntax error, bad number {real.Text}", real.Line, real.Column);
            case TokenKind.String:
                return Take().Text;
            case TokenKind.Name:
                return Take().Text switch
                {
                    "null" => null,
                    "true" => true,
                    "false" => false,
                    var name => new EnumLiteral(name),
                };
            default:
                return Composite();
        }
    }

    private object Composite()
    {
        if (TryTake("$"))
        {
            return new VariableRef(Name());
        }

        if (TryTake("["))
        {
            var list = new List<object?>();
            while (!TryTake("]"))
            {
                list.Add(Value());
            }

            return list;
        }

        Expect("{");
        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        while (!TryTake("}"))
        {
            var name = Name();
            Expect(":");
            fields[name] = Value();
        }

        return fields;
    }
}
